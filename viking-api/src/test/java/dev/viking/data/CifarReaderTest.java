package dev.viking.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class CifarReaderTest {
  private static final int RECORD = 3073;

  @TempDir Path folder;

  private static byte[] records(long seed, int... labels) {
    byte[] bytes = new byte[labels.length * RECORD];
    new Random(seed).nextBytes(bytes);
    for (int i = 0; i < labels.length; i++) {
      bytes[i * RECORD] = (byte) labels[i];
    }
    return bytes;
  }

  private static byte[] packed(String packing, byte[] bytes) throws IOException {
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    try (OutputStream out =
        switch (packing) {
          case ".gz" -> new GZIPOutputStream(target);
          case ".xz" -> new XZOutputStream(target, new LZMA2Options(1));
          default -> target;
        }) {
      out.write(bytes);
    }
    return target.toByteArray();
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".gz", ".xz"})
  void readsWhatWasWritten(String packing) throws IOException {
    byte[] first = records(1, 9, 0);
    byte[] second = records(2, 4);
    write("data_batch_1.bin" + packing, packed(packing, first));
    write("data_batch_2.bin" + packing, packed(packing, second));
    write("test_batch.bin" + packing, packed(packing, records(3, 7, 7, 1)));

    assertThat(CifarFolder.isLike(folder)).isTrue();
    CifarFolder.requireFiles(folder);
    LabelledImages train = CifarFolder.loadTrain(folder);
    assertThat(train.labelArray()).containsExactly(9, 0, 4);
    assertThat(new int[] {train.channels(), train.height(), train.width(), train.classes()})
        .containsExactly(3, 32, 32, 10);
    for (int channel = 0; channel < 3; channel++) {
      for (int row = 0; row < 32; row++) {
        for (int column = 0; column < 32; column++) {
          int at = 1 + channel * 1024 + row * 32 + column;
          assertThat(train.pixel(1, channel, row, column)).isEqualTo(first[RECORD + at] & 0xff);
          assertThat(train.pixel(2, channel, row, column)).isEqualTo(second[at] & 0xff);
        }
      }
    }
    assertThat(CifarFolder.loadTest(folder).labelArray()).containsExactly(7, 7, 1);
  }

  @Test
  void refusesWhatIsNoWholeRecord() throws IOException {
    byte[] whole = records(1, 1, 2);
    for (int length : new int[] {0, 1, 5, 6, 3072, 3074, 2 * RECORD - 1}) {
      Path file = write("cut" + length, Arrays.copyOf(whole, length));
      assertMalformed(file, (long) length / RECORD * RECORD, "the end of the data");
    }
    Path longer = write("longer", Arrays.copyOf(whole, 2 * RECORD + 1));
    assertMalformed(longer, 2L * RECORD, "after 1 bytes of a record");
    // A set of the same layout with two label bytes (CIFAR-100) is none of these.
    Path hundred = write("hundred", new byte[3 * 3074]);
    assertMalformed(hundred, 3L * RECORD, "after 3 bytes of a record");
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 127, 128, 255})
  void refusesLabelsThatAreNoClass(int label) throws IOException {
    Path file = write("labels", records(1, 3, label));
    assertMalformed(file, RECORD, "label " + label);
  }

  @ParameterizedTest
  @ValueSource(strings = {".gz", ".xz"})
  void refusesEveryTruncationOfThePacking(String packing) throws IOException {
    byte[] whole = packed(packing, new byte[RECORD]);
    for (int length = 0; length < whole.length; length++) {
      Path file = write("cut", Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> CifarReader.read(List.of(file)))
          .as("first %d of %d bytes", length, whole.length)
          .isInstanceOf(MalformedDataException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {".gz", ".xz"})
  void refusesDamageToThePackingAndWhatFollowsIt(String packing) throws IOException {
    byte[] whole = packed(packing, records(5, 6));
    byte[] damaged = whole.clone();
    damaged[whole.length / 2] ^= 4;
    assertMalformed(
        write("damaged", damaged), -1, "damaged " + (packing.equals(".gz") ? "gzip" : "xz"));
    Path longer = write("longer", Arrays.copyOf(whole, whole.length + 5));
    assertThatThrownBy(() -> CifarReader.read(List.of(longer)))
        .isInstanceOf(MalformedDataException.class);
  }

  @Test
  void aFileThatExpandsWithoutEndIsLeftAtTheLimit() throws IOException {
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    try (OutputStream out = new XZOutputStream(target, new LZMA2Options(0))) {
      out.write(new byte[40 * RECORD]);
    }
    Path file = write("bomb.xz", target.toByteArray());
    assertThat(Files.size(file)).isLessThan(RECORD);
    assertThat(CifarReader.read(List.of(file), 40).count()).isEqualTo(40);
    assertThatThrownBy(() -> CifarReader.read(List.of(file), 39))
        .isInstanceOf(MalformedDataException.class)
        .hasMessageContaining("at byte " + 39 * RECORD + ": given further bytes");
  }

  @Test
  void aHeaderThatAsksForMoreMemoryThanAllowedIsRefused() throws IOException {
    byte[] small = packed(".xz", records(1, 1));
    // Byte 12 on is the block's header: size, flags, filter id, size of properties, dictionary.
    assertThat(small[14]).isEqualTo((byte) 0x21);
    small[16] = 40; // 4 GiB
    CRC32 sum = new CRC32();
    int header = (small[12] + 1) * 4;
    sum.update(small, 12, header - 4);
    for (int i = 0; i < 4; i++) {
      small[12 + header - 4 + i] = (byte) (sum.getValue() >>> (8 * i));
    }
    assertMalformed(write("greedy.xz", small), 0, "damaged xz data");
  }

  @Test
  void namesAMissingBatch() throws IOException {
    assertThat(CifarFolder.isLike(folder)).isFalse();
    write("data_batch_1.bin", records(1, 1));
    write("data_batch_3.bin.gz", packed(".gz", records(1, 1)));
    assertThat(CifarFolder.isLike(folder)).isTrue();
    assertThatThrownBy(() -> CifarFolder.requireFiles(folder))
        .isInstanceOf(MissingDataException.class)
        .hasMessageContaining(
            "data_batch_2.bin, data_batch_2.bin.gz, data_batch_2.bin.xz; give a folder");
    write("data_batch_2.bin", records(1, 1));
    assertThatThrownBy(() -> CifarFolder.requireFiles(folder))
        .hasMessageContaining("test_batch.bin, ");
    assertThatThrownBy(() -> CifarFolder.loadTest(folder.resolve("nowhere")))
        .isInstanceOf(MissingDataException.class)
        .hasMessageContaining("is not a folder");
    assertThatThrownBy(() -> CifarReader.read(List.of(folder.resolve("nowhere"))))
        .isInstanceOf(UncheckedIOException.class);
  }

  private static void assertMalformed(Path file, long offset, String given) {
    assertThatThrownBy(() -> CifarReader.read(List.of(file)))
        .isInstanceOfSatisfying(
            MalformedDataException.class,
            e -> {
              if (offset >= 0) {
                assertThat(e.offset()).isEqualTo(offset);
              }
              assertThat(e.given()).contains(given);
              assertThat(e.file()).isEqualTo(file.toString());
            });
  }
}
