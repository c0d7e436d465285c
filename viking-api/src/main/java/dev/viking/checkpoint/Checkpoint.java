package dev.viking.checkpoint;

import dev.viking.bindings.PrivateMapping;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An open checkpoint: named arrays and texts in one safetensors file, mapped into memory and copied
 * out on request. Written by {@link CheckpointBuilder}, which replaces files but never changes them
 * in place, so an open checkpoint keeps its content. Any number of threads may read it; close it
 * once, after the last of them.
 */
public final class Checkpoint implements AutoCloseable {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path file;
  private final Arena arena;
  private final MemorySegment data;
  private final Header header;
  private final @Nullable Object key;
  private final @Nullable Checkpoint whole;
  private final String section;
  private @Nullable MemorySegment shared;

  private Checkpoint(
      Path file, Arena arena, MemorySegment data, Header header, @Nullable Object key) {
    this.file = file;
    this.key = key;
    this.arena = arena;
    this.data = data;
    this.header = header;
    this.whole = null;
    this.section = "";
  }

  private Checkpoint(Checkpoint whole, String prefix) {
    this.file = whole.file;
    this.key = whole.key;
    this.arena = whole.arena;
    this.data = whole.data;
    this.header = whole.header.section(prefix);
    this.whole = whole;
    this.section = whole.section + prefix;
  }

  /**
   * Starts a new checkpoint.
   *
   * @return an empty builder
   */
  public static CheckpointBuilder builder() {
    return new CheckpointBuilder();
  }

  /**
   * Opens a file and checks its header; the arrays are read when they are asked for.
   *
   * @param file a safetensors file of any size
   * @return the open checkpoint
   * @throws MalformedCheckpointException when the file departs from the format
   * @throws UncheckedIOException when the file cannot be read
   */
  @SuppressWarnings("MustBeClosedChecker") // the arena lives as long as the checkpoint
  public static Checkpoint read(Path file) {
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (Files.isDirectory(file)) {
        throw new MalformedCheckpointException(file, "given a folder; needed a file");
      }
      Object key = fileKey(file);
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      Header header = header(file, all);
      MemorySegment data = all.asSlice(Header.LENGTH_BYTES + headerLength(file, all));
      opened = true;
      return new Checkpoint(file, arena, data, header, key);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  /** Reads and checks the header of a file's bytes. */
  static Header header(Path file, MemorySegment all) {
    long headerBytes = headerLength(file, all);
    byte[] text = all.asSlice(Header.LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
    return HeaderReader.read(file, text, all.byteSize() - Header.LENGTH_BYTES - headerBytes);
  }

  /**
   * The part of this that {@link CheckpointBuilder#section} wrote under a prefix.
   *
   * @param prefix of the names of its arrays and texts
   * @return arrays and texts without the prefix in their names, none if there are none; open as
   *     long as this is, and not to be closed
   */
  public Checkpoint section(String prefix) {
    return new Checkpoint(this, prefix);
  }

  /**
   * What messages call this.
   *
   * @return the file, and for a section its prefix in brackets behind it
   */
  public Path location() {
    return section.isEmpty() ? file : Path.of(file + " [" + section + "]");
  }

  /**
   * Names of the arrays, also of those whose type is one of the format's that this library has not
   * (U16, F8_E4M3, ...), which cannot be asked for more.
   *
   * @return in the order of the file's header; unmodifiable
   */
  public List<String> names() {
    return header.names();
  }

  /**
   * The texts.
   *
   * @return value by key, in the order of the file's header; unmodifiable
   */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * Type and shape of one array.
   *
   * @param name its name
   * @return what the header says about it
   * @throws ArgumentException when there is no array of that name
   * @throws UnsupportedCheckpointException when its type is one that this library has not; so do
   *     all methods that read an array
   * @throws ClosedException when the checkpoint was closed
   */
  public CheckpointEntry info(String name) {
    if (!arena.scope().isAlive()) {
      throw new ClosedException(
          "Checkpoint: given " + location() + ", which was closed; needed an open one");
    }
    CheckpointEntry entry = header.entries().get(name);
    String foreign = foreignType(name);
    if (foreign != null) {
      throw new UnsupportedCheckpointException(
          location(),
          "array \""
              + name
              + "\" is of dtype "
              + foreign
              + ", which is valid in safetensors but not supported here; needed "
              + SafetensorsTypes.KNOWN);
    }
    if (entry == null) {
      throw new ArgumentException(
          "Checkpoint: argument name: given \""
              + name
              + "\"; needed one of "
              + names()
              + " of "
              + location());
    }
    return entry;
  }

  /** The format's name of an array's type, where this library has no such type; else null. */
  @Nullable String foreignType(String name) {
    return header.foreign().get(name);
  }

  /**
   * Copies a float32 array.
   *
   * @param name its name
   * @return the elements, row by row
   * @throws ArgumentException when there is no array of that name, or it does not fit a Java array
   * @throws DTypeException when its elements are not float32
   * @throws ClosedException when the checkpoint was closed
   */
  public float[] floats(String name) {
    CheckpointEntry entry = info(name, DType.FLOAT32);
    float[] result = new float[length(entry)];
    MemorySegment.copy(data, FLOAT, entry.offset(), result, 0, result.length);
    return result;
  }

  /**
   * Copies a float64 array.
   *
   * @param name its name
   * @return the elements, row by row
   * @throws ArgumentException when there is no array of that name, or it does not fit a Java array
   * @throws DTypeException when its elements are not float64
   * @throws ClosedException when the checkpoint was closed
   */
  public double[] doubles(String name) {
    CheckpointEntry entry = info(name, DType.FLOAT64);
    double[] result = new double[length(entry)];
    MemorySegment.copy(data, DOUBLE, entry.offset(), result, 0, result.length);
    return result;
  }

  /**
   * Copies an int64 array.
   *
   * @param name its name
   * @return the elements, row by row
   * @throws ArgumentException when there is no array of that name, or it does not fit a Java array
   * @throws DTypeException when its elements are not int64
   * @throws ClosedException when the checkpoint was closed
   */
  public long[] longs(String name) {
    CheckpointEntry entry = info(name, DType.INT64);
    long[] result = new long[length(entry)];
    MemorySegment.copy(data, LONG, entry.offset(), result, 0, result.length);
    return result;
  }

  /**
   * Copies a uint8 array.
   *
   * @param name its name
   * @return the elements, row by row
   * @throws ArgumentException when there is no array of that name, or it does not fit a Java array
   * @throws DTypeException when its elements are not uint8
   * @throws ClosedException when the checkpoint was closed
   */
  public byte[] bytes(String name) {
    CheckpointEntry entry = info(name, DType.UINT8);
    byte[] result = new byte[length(entry)];
    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, entry.offset(), result, 0, result.length);
    return result;
  }

  /**
   * Copies an array of any size into a tensor. Owned by the current scope.
   *
   * @param name its name
   * @return a CPU tensor of the stored dtype and shape
   * @throws ArgumentException when there is no array of that name
   * @throws ClosedException when the checkpoint was closed
   */
  public Tensor tensor(String name) {
    CheckpointEntry entry = info(name);
    MemorySegment bytes = data.asSlice(entry.offset(), entry.byteSize());
    return Tensor.of(bytes, entry.dtype(), Device.CPU, entry.sizes());
  }

  /**
   * An array of any size as a tensor over the file's own memory: nothing is read before it is used,
   * and processes that open the same file share its pages. Where the array does not start at a
   * multiple of its element's size, or is empty, it is copied as {@link #tensor} does.
   *
   * <p>Operators that work in place change this tensor, not the file, and no other view. The memory
   * stays mapped as long as the tensor lives, also after this checkpoint is closed. The file may be
   * replaced in the meantime, but must not be cut off. Owned by the current scope.
   *
   * @param name its name
   * @return a CPU tensor of the stored dtype and shape
   * @throws ArgumentException when there is no array of that name
   * @throws ClosedException when the checkpoint was closed
   */
  public Tensor view(String name) {
    CheckpointEntry entry = info(name);
    MemorySegment shared = aligned(entry) ? sharedData() : null;
    return shared == null
        ? tensor(name)
        : Tensor.wrap(
            shared.asSlice(entry.offset(), entry.byteSize()), entry.dtype(), entry.sizes());
  }

  /**
   * The model whose architecture the file holds.
   *
   * @return the model, with the default initialiser; null when the file describes none
   * @throws ModelDescriptionException when it is one that this version of the library does not know
   * @throws ClosedException when the checkpoint was closed
   */
  public @Nullable Sequential model() {
    String json = metadata().get(ModelDescription.KEY);
    if (json == null) {
      return null;
    }
    Map<String, double[]> constants = new HashMap<>();
    Checkpoint described = section(ModelDescription.CONSTANTS);
    described.names().forEach(name -> constants.put(name, described.doubles(name)));
    return new ModelDescription(json, constants).model(location().toString());
  }

  /**
   * Unmaps the file. Arrays and tensors that were copied out stay as they are, and so do views,
   * which have a mapping of their own. Of a section, nothing.
   */
  @Override
  public void close() {
    if (whole == null && arena.scope().isAlive()) {
      arena.close();
    }
  }

  private boolean aligned(CheckpointEntry entry) {
    long address = data.address() + entry.offset();
    return entry.byteSize() > 0 && address % entry.dtype().byteSize() == 0;
  }

  /**
   * The data in a mapping that tensors may write to, or null where there is none of the same file:
   * one that was replaced since it was opened has another content under its name.
   */
  private synchronized @Nullable MemorySegment sharedData() {
    if (whole != null) {
      return whole.sharedData();
    }
    if (shared == null) {
      try {
        MemorySegment all = PrivateMapping.map(file);
        long start = all.byteSize() - data.byteSize();
        if (key != null && key.equals(fileKey(file)) && start >= Header.LENGTH_BYTES) {
          shared = all.asSlice(start);
        }
      } catch (IOException e) {
        // Views are an economy; what cannot be mapped in this way is copied.
        return null;
      }
    }
    return shared;
  }

  /** What tells a file from another one that took its name. */
  private static @Nullable Object fileKey(Path file) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    Object key = attributes.fileKey();
    return key == null ? null : List.of(key, attributes.size(), attributes.lastModifiedTime());
  }

  private CheckpointEntry info(String name, DType needed) {
    CheckpointEntry entry = info(name);
    if (entry.dtype() != needed) {
      throw new DTypeException(
          "Checkpoint: argument name: given \""
              + name
              + "\" of dtype "
              + entry.dtype()
              + "; needed "
              + needed);
    }
    return entry;
  }

  private static int length(CheckpointEntry entry) {
    if (entry.numel() > Integer.MAX_VALUE - 8) {
      throw new ArgumentException(
          "Checkpoint: argument name: given \""
              + entry.name()
              + "\" with "
              + entry.numel()
              + " elements; needed one that fits a Java array, or use tensor(name)");
    }
    return (int) entry.numel();
  }

  private static long headerLength(Path file, MemorySegment all) {
    if (all.byteSize() < Header.LENGTH_BYTES) {
      throw new MalformedCheckpointException(
          file, "given " + all.byteSize() + " bytes; needed at least " + Header.LENGTH_BYTES);
    }
    long length = all.get(LONG, 0);
    long most = Math.min(Header.MAX_BYTES, all.byteSize() - Header.LENGTH_BYTES);
    if (length < 0 || length > most) {
      throw new MalformedCheckpointException(
          file,
          "given a header of " + Long.toUnsignedString(length) + " bytes; needed at most " + most);
    }
    return length;
  }
}
