package dev.viking.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdxReaderTest {
  private static final int IMAGES = 0x803;
  private static final int LABELS = 0x801;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readsWhatWasWritten(boolean packed) throws IOException {
    byte[] pixels = new byte[3 * 2 * 4];
    new Random(1).nextBytes(pixels);
    Path images = file("images", packed, idx(IMAGES, pixels, 3, 2, 4));
    Path labels = file("labels", packed, idx(LABELS, new byte[] {9, 0, 4}, 3));

    LabelledImages set = IdxReader.read(images, labels, 10);

    assertThat(set.count()).isEqualTo(3);
    assertThat(set.channels()).isEqualTo(1);
    assertThat(set.height()).isEqualTo(2);
    assertThat(set.width()).isEqualTo(4);
    assertThat(set.labelArray()).containsExactly(9, 0, 4);
    for (int i = 0; i < pixels.length; i++) {
      assertThat(set.pixel(i / 8, 0, i / 4 % 2, i % 4)).isEqualTo(pixels[i] & 0xff);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesEveryTruncation(boolean packed) throws IOException {
    byte[] whole = idx(LABELS, new byte[] {1, 2, 3}, 3);
    for (int length = 0; length < whole.length; length++) {
      Path labels = file("cut" + length, packed, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> IdxReader.readArray(labels, 1))
          .as("first %d bytes", length)
          .isInstanceOf(MalformedDataException.class)
          .hasMessageContaining(labels.toString());
    }
  }

  @Test
  void refusesEveryTruncationOfTheGzipFile() throws IOException {
    byte[] whole = gzip(idx(LABELS, new byte[] {1, 2, 3}, 3));
    for (int length = 0; length < whole.length; length++) {
      Path labels = folder.resolve("cut" + length + ".gz");
      Files.write(labels, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> IdxReader.readArray(labels, 1))
          .as("first %d bytes", length)
          .isInstanceOf(MalformedDataException.class);
    }
  }

  @Test
  void refusesAWrongChecksum() throws IOException {
    byte[] whole = gzip(idx(LABELS, new byte[] {1, 2, 3}, 3));
    whole[whole.length - 8] ^= 1;
    assertMalformed(write("crc.gz", whole), 1, 11, "damaged gzip data", "intact gzip data");
  }

  @Test
  void refusesBytesAfterTheGzipData() throws IOException {
    byte[] packed = gzip(idx(LABELS, new byte[] {1, 2, 3}, 3));
    for (int extra : new int[] {1, 17, 18, 19, 26, 27, 1000}) {
      byte[] longer = Arrays.copyOf(packed, packed.length + extra);
      assertMalformed(
          write("tail" + extra + ".gz", longer), 1, 11, extra + " bytes after", "end of the file");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesTrailingElements(boolean packed) throws IOException {
    Path labels = file("long", packed, idx(LABELS, new byte[] {1, 2, 3, 4}, 3));
    assertMalformed(labels, 1, 11, "further bytes", "after 3 elements");
  }

  @ParameterizedTest
  @CsvSource({
    "12340803,0,magic number 0x12340803",
    "00000d03,2,element type 0x0d",
    "00000801,3,1 dimensions",
    "000008ff,3,255 dimensions"
  })
  void refusesAnotherMagicNumber(String magic, long offset, String given) throws IOException {
    Path images =
        file("magic", false, idx(Integer.parseUnsignedInt(magic, 16), new byte[1], 1, 1, 1));
    assertMalformed(images, 3, offset, given, "");
  }

  @Test
  void refusesSizesThatTheFileCannotHold() throws IOException {
    // The product of all sizes does not even fit 64 bits.
    int most = Integer.MAX_VALUE;
    assertMalformed(
        file("a", false, idx(IMAGES, new byte[1], 1 << 20, most, most)), 3, 8, "sizes", "at most");
    assertMalformed(file("b", false, idx(IMAGES, new byte[1], -1, 1, 1)), 3, 4, "4294967295", "");
    // Half a gigabyte is claimed: within the cap, but not in this file.
    assertMalformed(
        file("c", false, idx(IMAGES, new byte[1], 1 << 19, 32, 32)),
        3,
        16,
        "too short",
        "536870912");
    assertMalformed(
        file("d", true, idx(IMAGES, new byte[1], 1 << 19, 32, 32)),
        3,
        16,
        "too short",
        "536870912");
  }

  @Test
  void aPackedFileThatPromisesMoreThanItHoldsIsReadOnlyToItsEnd() throws IOException {
    // 32 KiB of real data expand from a few bytes; the header claims a little more.
    Path images = file("short", true, idx(IMAGES, new byte[1 << 15], 33, 32, 32));
    assertMalformed(images, 3, 16 + (1 << 15), "after 32768 elements", "33792 elements");
  }

  @Test
  void refusesLabelsOutOfRangeAndOtherCounts() throws IOException {
    Path images = file("images", false, idx(IMAGES, new byte[3], 3, 1, 1));
    Path ten = file("ten", false, idx(LABELS, new byte[] {0, 10, 1}, 3));
    assertThatThrownBy(() -> IdxReader.read(images, ten, 10))
        .isInstanceOf(MalformedDataException.class)
        .hasMessageContaining("at byte 9: given label 10; needed a class in 0..9");
    Path negative = file("negative", false, idx(LABELS, new byte[] {0, -1, 1}, 3));
    assertThatThrownBy(() -> IdxReader.read(images, negative, 10))
        .isInstanceOf(MalformedDataException.class)
        .hasMessageContaining("label 255");
    Path two = file("two", false, idx(LABELS, new byte[] {0, 1}, 2));
    assertThatThrownBy(() -> IdxReader.read(images, two, 10))
        .isInstanceOf(MalformedDataException.class)
        .hasMessageContaining("given 2 labels; needed 3 labels");
    Path empty = file("empty", false, idx(IMAGES, new byte[0], 3, 0, 5));
    assertThatThrownBy(() -> IdxReader.read(empty, two, 10))
        .isInstanceOf(MalformedDataException.class);
  }

  @Test
  void randomDamageIsEitherHarmlessOrRefused() throws IOException {
    Random random = new Random(7);
    byte[] packed = gzip(idx(IMAGES, new byte[600], 6, 10, 10));
    byte[] plain = idx(IMAGES, new byte[600], 6, 10, 10);
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
      byte[] damaged = (round % 2 == 0 ? packed : plain).clone();
      int length = round % 2 == 0 ? damaged.length : 16;
      damaged[random.nextInt(length)] ^= (byte) (1 << random.nextInt(8));
      Path images = write("damaged", damaged);
      try {
        assertThat(IdxReader.readArray(images, 3).data()).hasSize(600);
      } catch (MalformedDataException expected) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(1500);
  }

  @Test
  void namesAFileThatIsNotThere() {
    assertThatThrownBy(() -> IdxReader.readArray(folder.resolve("nowhere"), 1))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("nowhere");
  }

  @ParameterizedTest
  @CsvSource({"-,.gz", "-,''", "., .gz", ".,''"})
  void aFolderMayUseAnyOfTheUsualNames(String separator, String packing) throws IOException {
    for (String half : new String[] {"train", "t10k"}) {
      byte[] images = idx(IMAGES, new byte[] {1, 2}, 2, 1, 1);
      byte[] labels = idx(LABELS, new byte[] {7, 8}, 2);
      boolean packed = !packing.isEmpty();
      write(half + "-images" + separator + "idx3-ubyte" + packing, packed ? gzip(images) : images);
      write(half + "-labels" + separator + "idx1-ubyte" + packing, packed ? gzip(labels) : labels);
    }

    MnistFolder set = MnistFolder.load(folder);

    assertThat(set.train().labelArray()).containsExactly(7, 8);
    assertThat(set.test().pixel(1, 0, 0, 0)).isEqualTo(2);
  }

  @Test
  void aFolderWithoutFilesSaysWhatWasLookedFor() {
    assertThatThrownBy(() -> MnistFolder.load(folder))
        .isInstanceOf(MissingDataException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("train-images-idx3-ubyte.gz")
        .hasMessageContaining("train-images.idx3-ubyte");
    assertThatThrownBy(() -> MnistFolder.load(folder.resolve("none")))
        .isInstanceOf(MissingDataException.class)
        .hasMessageContaining("not a folder");
  }

  private static void assertMalformed(
      Path file, int dimensions, long offset, String given, String needed) {
    assertThatThrownBy(() -> IdxReader.readArray(file, dimensions))
        .isInstanceOfSatisfying(
            MalformedDataException.class,
            e -> {
              assertThat(e.file()).isEqualTo(file.toString());
              assertThat(e.offset()).isEqualTo(offset);
              assertThat(e.given()).contains(given);
              assertThat(e.needed()).contains(needed);
            });
  }

  private static byte[] idx(int magic, byte[] data, int... sizes) {
    ByteBuffer buffer = ByteBuffer.allocate(4 + 4 * sizes.length + data.length).putInt(magic);
    for (int size : sizes) {
      buffer.putInt(size);
    }
    return buffer.put(data).array();
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream packed = new GZIPOutputStream(out)) {
      packed.write(bytes);
    }
    return out.toByteArray();
  }

  private Path file(String name, boolean packed, byte[] bytes) throws IOException {
    return write(name, packed ? gzip(bytes) : bytes);
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }
}
