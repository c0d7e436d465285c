package dev.viking.bindings;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Tells a cut-off ELF file, such as an interrupted download leaves.
 *
 * <p>The dynamic linker maps the segments that the file's header promises without asking how long
 * the file is; the first access beyond its end is a SIGBUS, which ends the JVM. Everything else
 * that can be wrong with a file it reports itself.
 */
final class ElfFile {
  /** 0x7f 'E' 'L' 'F', 64 bits, little-endian. */
  private static final long MAGIC_64_LITTLE = 0x01_02_46_4c_45_7fL;

  private static final int HEADER_SIZE = 64;
  private static final int SEGMENT_SIZE = 56;
  private static final int LOADABLE = 1;

  private ElfFile() {}

  /**
   * Compares the file's length with its header.
   *
   * @param file any file
   * @return what is wrong, or null if it is a whole 64-bit ELF file or no such file at all
   */
  static @Nullable String defect(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long length = channel.size();
      ByteBuffer header = read(channel, 0, HEADER_SIZE);
      if (header.remaining() < HEADER_SIZE
          || (header.getLong(0) & 0xffff_ffff_ffffL) != MAGIC_64_LITTLE) {
        return null;
      }
      long tableOffset = header.getLong(32);
      int entrySize = Short.toUnsignedInt(header.getShort(54));
      int entries = Short.toUnsignedInt(header.getShort(56));
      if (entrySize != SEGMENT_SIZE || tableOffset < 0 || tableOffset > length) {
        return "its ELF header is damaged";
      }
      ByteBuffer table = read(channel, tableOffset, SEGMENT_SIZE * entries);
      long needed = tableOffset + (long) SEGMENT_SIZE * entries;
      for (int i = 0; i < entries && (i + 1) * SEGMENT_SIZE <= table.remaining(); i++) {
        int at = i * SEGMENT_SIZE;
        if (table.getInt(at) == LOADABLE) {
          long offset = table.getLong(at + 8);
          long size = table.getLong(at + 32);
          if (offset < 0 || size < 0 || offset + size < 0) {
            return "its ELF header is damaged";
          }
          needed = Math.max(needed, offset + size);
        }
      }
      return needed <= length
          ? null
          : "the file is cut off: it has " + length + " bytes, its header promises " + needed;
    } catch (IOException e) {
      return "cannot be read (" + e + ")";
    }
  }

  /** Up to {@code size} bytes from a position, fewer at the end of the file. */
  private static ByteBuffer read(FileChannel channel, long position, int size) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        break;
      }
    }
    return buffer.flip();
  }
}
