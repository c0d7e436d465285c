package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.nn.Activation;
import dev.viking.nn.Mlp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostileCheckpointTest {
  private static final String GOOD =
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

  @TempDir Path folder;

  @Test
  void theFileThatTheOthersDepartFromIsAccepted() throws IOException {
    try (Checkpoint read = Checkpoint.read(file(GOOD, 8))) {
      assertThat(read.floats("a")).containsExactly(0f, 0f);
    }
    try (Checkpoint empty = Checkpoint.read(file("{}", 0))) {
      assertThat(empty.names()).isEmpty();
    }
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(file(GOOD, 8));
    for (int length = 0; length < whole.length; length++) {
      Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Checkpoint.read(cut))
          .as("first %d bytes", length)
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining(cut.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 31, 1L << 32, 100_000_001, 0})
  void aHeaderLengthIsNotTrusted(long length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    Path file = Files.write(folder.resolve("length"), bytes.array());
    assertThatThrownBy(() -> Checkpoint.read(file))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("header");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "F33|[2]|[0,8]|given dtype F33",
        "f32|[2]|[0,8]|given dtype f32",
        "U64|[2]|[0,8]|given 8 bytes; needed 16",
        "F8_E4M3|[2]|[0,8]|given 8 bytes; needed 2 for F8_E4M3",
        "F6_E2M3|[11]|[0,8]|given 66 bits",
        "F4|[4611686018427387904,4]|[0,8]|overflow",
        "F32|[3]|[0,8]|given 8 bytes; needed 12",
        "F32|[2]|[0,9]|within the file's 8 data bytes",
        "F32|[2]|[8,0]|a begin and an end",
        "F32|[2]|[0]|a begin and an end",
        "F32|[2]|[0,8,8]|a begin and an end",
        "F32|[2]|[-8,0]|given -8; needed at least 0",
        "F32|[-2,-1]|[0,8]|given -2; needed at least 0",
        "F32|[2]|[0,18446744073709551624]|not valid JSON",
        "F32|[2]|[0,8.0]|needed VALUE_NUMBER_INT",
        "F32|[2,null]|[0,8]|needed VALUE_NUMBER_INT",
        "F32|[4611686018427387904,4]|[0,8]|overflow",
        "F32|[1]|[0,4]|given 8 data bytes; needed 4",
        "F32|[1]|[4,8]|there is a gap before it",
        "F32|[[[[2]]]]|[0,8]|not valid JSON",
        "F32|2|[0,8]|needed START_ARRAY"
      })
  void anEntryIsNotTrusted(String dtype, String shape, String offsets, String reason)
      throws IOException {
    String json =
        "{\"a\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}"
            .formatted(dtype, shape, offsets);
    assertMalformed(json, 8, reason);
  }

  /** Valid types that the library has not: the others can be read. */
  @ParameterizedTest
  @CsvSource({
    "U16,4",
    "U32,2",
    "U64,1",
    "F8_E4M3,8",
    "F8_E5M2,8",
    "F8_E8M0,8",
    "F4,16",
    "F6_E3M2,0"
  })
  void aTypeThatIsNotSupportedIsNoFaultOfTheFile(String dtype, int elements) throws IOException {
    int bytes = elements == 0 ? 0 : 8;
    String json =
        ("{\"b\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]},"
                + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}}")
            .formatted(dtype, elements, bytes, bytes, bytes + 8);
    Path file = file(json, bytes + 8);
    try (Checkpoint read = Checkpoint.read(file)) {
      assertThat(read.names()).containsExactly("b", "a");
      assertThat(read.floats("a")).containsExactly(0f, 0f);
      for (Consumer<String> reader :
          List.<Consumer<String>>of(read::info, read::tensor, read::view, read::floats)) {
        assertThatThrownBy(() -> reader.accept("b"))
            .isInstanceOf(UnsupportedCheckpointException.class)
            .hasMessageContaining(file.toString())
            .hasMessageContaining("\"b\"")
            .hasMessageContaining(dtype + ", which is valid in safetensors but not supported");
      }
      assertThat(
              StateDict.of(read)
                  .rename("b", "fc1.bias")
                  .report(Mlp.of(new int[] {1, 1}, Activation.TANH).layout())
                  .mismatched())
          .containsKey("fc1.bias")
          .extractingByKey("fc1.bias")
          .asString()
          .startsWith("given dtype " + dtype + " (b), which is not supported");
    }
  }

  @Test
  void twoEntriesMustNotShareBytesOrNames() throws IOException {
    String a = "\"a\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,6]}";
    String b = "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}";
    assertMalformed("{" + a + "," + b + "}", 8, "overlaps another entry");
    assertMalformed("{" + a.replace("U8", "F8_E4M3") + "," + b + "}", 8, "overlaps another entry");
    assertMalformed("{" + a + "," + a + "}", 6, "Duplicate field 'a'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "[1]|does not start with '{'",
        "~ {}~|does not start with '{'",
        "{\"a\":|not valid JSON",
        "{\"a\":1}|needed START_OBJECT",
        "{}{}|goes on after",
        "{} x|not valid JSON",
        "{\"__metadata__\":{\"k\":1}}|needed VALUE_STRING",
        "{\"__metadata__\":{\"k\":{}}}|needed VALUE_STRING",
        "{\"__metadata__\":[]}|needed START_OBJECT",
        "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}|Duplicate field",
        "{\"a\":{}}|lacks dtype, shape or data_offsets",
        "{\"a\":{\"more\":1}}|unknown field",
        "{\"a\":{\"dtype\":5}}|needed VALUE_STRING"
      })
  void aHeaderIsNotTrusted(String json, String reason) throws IOException {
    assertMalformed(json, 0, reason);
  }

  @Test
  void deepNestingAndInvalidTextAreRefused() throws IOException {
    String deep = "{\"a\":{\"shape\":" + "[".repeat(1_000_000);
    assertMalformed(deep, 0, "nesting depth");
    byte[] header = GOOD.getBytes(StandardCharsets.UTF_8);
    header[2] = (byte) 0xc0;
    Path file = write(header, 8);
    assertThatThrownBy(() -> Checkpoint.read(file))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("not valid UTF-8");
  }

  @Test
  void aFolderIsNoCheckpoint() {
    assertThatThrownBy(() -> Checkpoint.read(folder)).hasMessageContaining(folder.toString());
  }

  @Test
  void randomDamageIsEitherHarmlessOrRefused() throws IOException {
    Path good = folder.resolve("good");
    Checkpoint.builder()
        .put("weight", new float[12], 3, 4)
        .put("state", new byte[5], 5)
        .metadata("key", "value")
        .write(good);
    byte[] whole = Files.readAllBytes(good);
    int header = whole.length - 53;
    Random random = new Random(11);
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = whole.clone();
      for (int change = 0; change <= round % 3; change++) {
        damaged[random.nextInt(header)] = (byte) random.nextInt(256);
      }
      Path file = Files.write(folder.resolve("damaged"), damaged);
      try (Checkpoint read = Checkpoint.read(file)) {
        for (String name : read.names()) {
          if (read.foreignType(name) == null) {
            assertThat(read.info(name).byteSize()).isLessThanOrEqualTo(53);
          }
        }
      } catch (MalformedCheckpointException expected) {
        refused++;
      }
    }
    assertThat(refused).isBetween(1500, 2999);
  }

  private void assertMalformed(String json, int dataBytes, String reason) throws IOException {
    Path file = file(json, dataBytes);
    assertThatThrownBy(() -> Checkpoint.read(file))
        .isInstanceOfSatisfying(
            MalformedCheckpointException.class,
            e -> {
              assertThat(e.file()).isEqualTo(file.toString());
              assertThat(e.reason()).contains(reason);
            });
  }

  private Path file(String json, int dataBytes) throws IOException {
    return write(json.getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  private Path write(byte[] header, int dataBytes) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header);
    return Files.write(folder.resolve("checkpoint"), bytes.array());
  }
}
