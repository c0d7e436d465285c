package dev.viking.checkpoint;

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
import java.util.List;
import java.util.Map;

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

  private Checkpoint(Path file, Arena arena, MemorySegment data, Header header) {
    this.file = file;
    this.arena = arena;
    this.data = data;
    this.header = header;
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
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      long headerBytes = headerLength(file, all);
      byte[] text = all.asSlice(Header.LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
      MemorySegment data = all.asSlice(Header.LENGTH_BYTES + headerBytes);
      Header header = HeaderReader.read(file, text, data.byteSize());
      opened = true;
      return new Checkpoint(file, arena, data, header);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  /**
   * Names of the arrays.
   *
   * @return in the order of the file's header; unmodifiable
   */
  public List<String> names() {
    return List.copyOf(header.entries().keySet());
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
   * @throws ClosedException when the checkpoint was closed
   */
  public CheckpointEntry info(String name) {
    if (!arena.scope().isAlive()) {
      throw new ClosedException(
          "Checkpoint: given " + file + ", which was closed; needed an open one");
    }
    CheckpointEntry entry = header.entries().get(name);
    if (entry == null) {
      throw new ArgumentException(
          "Checkpoint: argument name: given \""
              + name
              + "\"; needed one of "
              + names()
              + " of "
              + file);
    }
    return entry;
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
   * Copies an array of any type and size into a tensor. Owned by the current scope.
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

  /** Unmaps the file. Arrays and tensors that were copied out stay as they are. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
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
