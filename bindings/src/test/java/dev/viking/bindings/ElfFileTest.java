package dev.viking.bindings;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfFileTest {
  private static final int LENGTH = 64 + 2 * 56 + 200;

  @TempDir Path folder = Path.of("");

  /**
   * Header, two segment entries, 200 bytes of which the second segment takes all; by the ELF
   * specification, by hand.
   */
  private static byte[] elf() {
    ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    bytes.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
    bytes.putInt(64, 1).putLong(64 + 8, 0).putLong(64 + 32, 64);
    bytes.putInt(120, 1).putLong(120 + 8, 176).putLong(120 + 32, 200);
    return bytes.array();
  }

  private String defect(byte[] content) throws IOException {
    return String.valueOf(ElfFile.defect(Files.write(folder.resolve("file"), content)));
  }

  @Test
  void wholeFilesAndOtherFilesPass() throws IOException {
    assertThat(defect(elf())).isEqualTo("null");
    assertThat(defect(new byte[0])).isEqualTo("null");
    assertThat(defect("#!/bin/sh\n".repeat(100).getBytes(UTF_8))).isEqualTo("null");
    Path library =
        Path.of(System.getProperty("java.home"), "lib", NativePlatform.libraryFile("verify"));
    assertThat(ElfFile.defect(library)).isNull();
  }

  @Test
  void everyCutIsFound() throws IOException {
    for (int length = 64; length < LENGTH; length++) {
      assertThat(defect(Arrays.copyOf(elf(), length)))
          .as("length %d", length)
          .contains("cut off")
          .contains(length + " bytes");
    }
  }

  @Test
  void impossibleHeadersAreFound() throws IOException {
    byte[] negativeTable = elf();
    ByteBuffer.wrap(negativeTable).order(ByteOrder.LITTLE_ENDIAN).putLong(32, -1);
    assertThat(defect(negativeTable)).contains("damaged");
    byte[] overflow = elf();
    ByteBuffer.wrap(overflow).order(ByteOrder.LITTLE_ENDIAN).putLong(120 + 32, Long.MAX_VALUE);
    assertThat(defect(overflow)).contains("damaged");
    byte[] hugeEntries = elf();
    ByteBuffer.wrap(hugeEntries).order(ByteOrder.LITTLE_ENDIAN).putInt(54, -1);
    assertThat(defect(hugeEntries)).contains("damaged");
    byte[] hugeTable = elf();
    ByteBuffer.wrap(hugeTable).order(ByteOrder.LITTLE_ENDIAN).putShort(56, (short) -1);
    assertThat(defect(hugeTable)).contains("cut off");
  }

  @Test
  void unreadableFilesAreReported() {
    assertThat(ElfFile.defect(folder)).contains("cannot be read");
  }
}
