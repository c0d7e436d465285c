package dev.viking.checkpoint;

import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects arrays and texts and writes them as one file. Every array is copied when it is put in,
 * so that it may change afterwards. One thread at a time.
 */
public final class CheckpointBuilder {
  private static final long ALIGNMENT = 8;

  private final Map<String, String> metadata;
  private final Map<String, Content> contents;
  private final String prefix;

  private record Content(DType dtype, List<Long> shape, MemorySegment bytes) {}

  CheckpointBuilder() {
    this(new LinkedHashMap<>(), new LinkedHashMap<>(), "");
  }

  private CheckpointBuilder(
      Map<String, String> metadata, Map<String, Content> contents, String prefix) {
    this.metadata = metadata;
    this.contents = contents;
    this.prefix = prefix;
  }

  /**
   * A part of the file, which {@link Checkpoint#section} reads again: for a file that holds several
   * things of one kind.
   *
   * @param name prefix of the names of all that is put into the part
   * @return a builder that adds to this one's file, under names with the prefix
   */
  public CheckpointBuilder section(String name) {
    return new CheckpointBuilder(metadata, contents, prefix + name);
  }

  /**
   * Adds a text.
   *
   * @param key its key
   * @param value the text; replaces an earlier one of the same key
   * @return this
   */
  public CheckpointBuilder metadata(String key, String value) {
    metadata.put(prefix + key, value);
    return this;
  }

  /**
   * Adds a float32 array.
   *
   * @param name its name
   * @param values the elements, row by row
   * @param shape its sizes; none for a scalar
   * @return this
   * @throws ArgumentException when the name is taken or the shape does not fit the values
   */
  public CheckpointBuilder put(String name, float[] values, long... shape) {
    MemorySegment bytes = allocate(4L * values.length);
    MemorySegment.copy(
        values,
        0,
        bytes,
        ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN),
        0,
        values.length);
    return put(name, DType.FLOAT32, bytes, shape);
  }

  /**
   * Adds a float64 array.
   *
   * @param name its name
   * @param values the elements, row by row
   * @param shape its sizes; none for a scalar
   * @return this
   * @throws ArgumentException when the name is taken or the shape does not fit the values
   */
  public CheckpointBuilder put(String name, double[] values, long... shape) {
    MemorySegment bytes = allocate(8L * values.length);
    MemorySegment.copy(
        values,
        0,
        bytes,
        ValueLayout.JAVA_DOUBLE.withOrder(ByteOrder.LITTLE_ENDIAN),
        0,
        values.length);
    return put(name, DType.FLOAT64, bytes, shape);
  }

  /**
   * Adds an int64 array.
   *
   * @param name its name
   * @param values the elements, row by row
   * @param shape its sizes; none for a scalar
   * @return this
   * @throws ArgumentException when the name is taken or the shape does not fit the values
   */
  public CheckpointBuilder put(String name, long[] values, long... shape) {
    MemorySegment bytes = allocate(8L * values.length);
    MemorySegment.copy(
        values,
        0,
        bytes,
        ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN),
        0,
        values.length);
    return put(name, DType.INT64, bytes, shape);
  }

  /**
   * Adds a uint8 array.
   *
   * @param name its name
   * @param values the elements, row by row
   * @param shape its sizes; none for a scalar
   * @return this
   * @throws ArgumentException when the name is taken or the shape does not fit the values
   */
  public CheckpointBuilder put(String name, byte[] values, long... shape) {
    MemorySegment bytes = allocate(values.length);
    MemorySegment.copy(values, 0, bytes, ValueLayout.JAVA_BYTE, 0, values.length);
    return put(name, DType.UINT8, bytes, shape);
  }

  /**
   * Adds a tensor of any dtype but complex128, from any device.
   *
   * @param name its name
   * @param tensor the tensor; borrowed and copied
   * @return this
   * @throws ArgumentException when the name is taken
   * @throws DTypeException when the format has no such dtype
   */
  public CheckpointBuilder put(String name, Tensor tensor) {
    DType dtype = tensor.dtype();
    if (SafetensorsTypes.nameOf(dtype) == null) {
      throw new DTypeException(
          "CheckpointBuilder.put: argument tensor \""
              + name
              + "\": given dtype "
              + dtype
              + "; needed one that safetensors knows");
    }
    MemorySegment bytes = allocate(Math.multiplyExact(tensor.numel(), (long) dtype.byteSize()));
    tensor.copyTo(bytes);
    return put(name, dtype, bytes, tensor.shape());
  }

  /**
   * Adds a model's architecture, which {@link Checkpoint#model} makes a model of again.
   *
   * @param model layers of the library's own kinds
   * @return this
   * @throws ModelDescriptionException when a layer has no description
   * @throws ArgumentException when there is a model already
   */
  public CheckpointBuilder model(Sequential model) {
    ModelDescription description = ModelDescription.of(model);
    metadata(ModelDescription.KEY, description.json());
    description
        .constants()
        .forEach(
            (name, numbers) -> put(ModelDescription.CONSTANTS + name, numbers, numbers.length));
    return this;
  }

  /**
   * Writes the file, all sections of it. Folders that are missing are made; an old file of the same
   * name is replaced in one step, and stays whole when this method fails or the process dies.
   *
   * @param file where to write
   * @throws ArgumentException when names and texts need more than the 100 MB that the format allows
   * @throws UncheckedIOException when the file cannot be written; an interrupted thread cannot
   *     write
   */
  public void write(Path file) {
    Map<String, Long> offsets = new HashMap<>();
    List<MemorySegment> pieces = new ArrayList<>();
    long end = 0;
    for (String name : widestFirst()) {
      Content content = contents.get(name);
      if (content != null) {
        offsets.put(name, end);
        pieces.add(content.bytes());
        end += content.bytes().byteSize();
      }
    }
    Map<String, CheckpointEntry> entries = new LinkedHashMap<>();
    contents.forEach(
        (name, content) ->
            entries.put(
                name,
                new CheckpointEntry(
                    name,
                    content.dtype(),
                    content.shape(),
                    offsets.getOrDefault(name, 0L),
                    content.bytes().byteSize())));
    try {
      byte[] header = HeaderWriter.write(new Header(metadata, entries));
      if (header.length > Header.MAX_BYTES) {
        throw new ArgumentException(
            "CheckpointBuilder.write: names and metadata: given "
                + header.length
                + " bytes; needed at most "
                + Header.MAX_BYTES);
      }
      MemorySegment length = MemorySegment.ofArray(new byte[Header.LENGTH_BYTES]);
      length.set(
          ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, header.length);
      pieces.addFirst(MemorySegment.ofArray(header));
      pieces.addFirst(length);
      AtomicFile.write(file, pieces);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e, e);
    }
  }

  // Data starts aligned to eight bytes; with wide elements first every array is aligned to its own
  // element size.
  private List<String> widestFirst() {
    List<String> names = new ArrayList<>(contents.keySet());
    names.sort(
        Comparator.comparingInt(
            name -> {
              Content content = contents.get(name);
              return content == null ? 0 : -content.dtype().byteSize();
            }));
    return names;
  }

  private CheckpointBuilder put(String given, DType dtype, MemorySegment bytes, long... shape) {
    String name = prefix + given;
    if (name.equals(Header.METADATA_KEY) || contents.containsKey(name)) {
      throw new ArgumentException(
          "CheckpointBuilder.put: argument name: given \""
              + name
              + "\", which is taken; needed another one");
    }
    List<Long> sizes = new ArrayList<>();
    for (long size : shape) {
      sizes.add(size);
    }
    if (byteSize(dtype, shape) != bytes.byteSize()) {
      throw new ArgumentException(
          "CheckpointBuilder.put: argument shape of \""
              + name
              + "\": given "
              + sizes
              + "; needed sizes of "
              + bytes.byteSize() / dtype.byteSize()
              + " elements");
    }
    contents.put(name, new Content(dtype, List.copyOf(sizes), bytes));
    return this;
  }

  /** Bytes of an array, or -1 for sizes that no array can have. */
  private static long byteSize(DType dtype, long... shape) {
    long bytes = dtype.byteSize();
    try {
      for (long size : shape) {
        if (size < 0) {
          return -1;
        }
        bytes = Math.multiplyExact(bytes, size);
      }
    } catch (ArithmeticException overflow) {
      return -1;
    }
    return bytes;
  }

  private static MemorySegment allocate(long bytes) {
    return Arena.ofAuto().allocate(bytes, ALIGNMENT);
  }
}
