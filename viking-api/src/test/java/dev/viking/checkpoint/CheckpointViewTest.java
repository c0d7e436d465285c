package dev.viking.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ClosedException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LiveHandles.class)
class CheckpointViewTest {
  private static final long GIB = 1L << 30;

  @TempDir Path folder;

  private Path file() {
    Path file = folder.resolve("weights.safetensors");
    Checkpoint.builder()
        .put("weight", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
        .put("nothing", new float[0], 0, 3)
        .write(file);
    return file;
  }

  @Test
  void aViewIsWrittenToWithoutTheFileNoticing() throws IOException {
    Path file = file();
    byte[] before = Files.readAllBytes(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    try (Scope _ = Scope.open()) {
      Tensor view;
      try (Checkpoint read = Checkpoint.read(file)) {
        view = read.view("weight");
        view.mul_(2);
        assertThat(read.floats("weight")).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(read.view("nothing").shape()).containsExactly(0, 3);
      }
      // Also after the checkpoint is closed.
      assertThat(view.shape()).containsExactly(2, 3);
      assertThat(view.toFloatArray()).containsExactly(2, 4, 6, 8, 10, 12);
    }
    assertThat(file).hasBinaryContent(before);
  }

  @Test
  void aViewSharesTheFilesMemory() {
    try (Checkpoint read = Checkpoint.read(file());
        Scope _ = Scope.open()) {
      Tensor first = read.view("weight");
      Tensor second = read.view("weight");
      first.fill_(7);
      // Both are the same pages of the same mapping; a copy is not.
      assertThat(second.toFloatArray()).containsOnly(7f);
      assertThat(read.tensor("weight").toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
    }
  }

  @Test
  void aFileThatWasReplacedIsStillReadAsItWas() {
    Path file = file();
    try (Checkpoint read = Checkpoint.read(file);
        Scope _ = Scope.open()) {
      Checkpoint.builder().put("other", new float[100], 100).write(file);
      assertThat(read.view("weight").toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
    }
  }

  @Test
  void anArrayThatIsNotAlignedIsCopied() throws IOException {
    String header =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
            + "\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[1,9]}}";
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length() + 9).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length()).put(header.getBytes(UTF_8)).put((byte) 1).putDouble(2.5);
    Path file = Files.write(folder.resolve("odd"), bytes.array());
    try (Checkpoint read = Checkpoint.read(file);
        Scope _ = Scope.open()) {
      assertThat(read.view("b").item()).isEqualTo(2.5);
      assertThat(read.view("a").item()).isEqualTo(1);
    }
  }

  /** The file has holes instead of 6 GiB: only what is written and read takes space. */
  @Test
  void filesOfMoreThanTwoGibibytesAreRead() throws IOException {
    long elements = 3 * GIB / 2;
    String header =
        ("{\"big\":{\"dtype\":\"F32\",\"shape\":[3,%d],\"data_offsets\":[0,%d]},"
                + "\"last\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[%d,%d]}}")
            .formatted(elements / 3, 4 * elements, 4 * elements, 4 * elements + 16);
    String padded = header + " ".repeat((8 - header.length() % 8) % 8);
    Path file = folder.resolve("big");
    try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
      ByteBuffer start = ByteBuffer.allocate(8 + padded.length()).order(ByteOrder.LITTLE_ENDIAN);
      writer.write(start.putLong(padded.length()).put(padded.getBytes(UTF_8)).array());
      long data = 8L + padded.length();
      writer.setLength(data + 4 * elements + 16);
      // Beyond 2^32 bytes and near the end of the big array, and after it.
      writer.seek(data + 4 * (elements - 5));
      writer.writeInt(Integer.reverseBytes(Float.floatToIntBits(1.25f)));
      writer.seek(data + 4 * elements + 8);
      writer.writeLong(Long.reverseBytes(77));
    }
    try (Checkpoint read = Checkpoint.read(file);
        Scope _ = Scope.open()) {
      assertThat(read.info("big").numel()).isEqualTo(elements);
      assertThat(read.longs("last")).containsExactly(0, 77);
      Tensor big = read.view("big");
      assertThat(big.shape()).containsExactly(3, elements / 3);
      assertThat(big.select(0, 2).narrow(0, elements / 3 - 6, 6).toFloatArray())
          .containsExactly(0, 1.25f, 0, 0, 0, 0);
      assertThat(big.select(0, 0).narrow(0, 0, 2).toFloatArray()).containsExactly(0, 0);
    }
  }

  @Test
  void aClosedCheckpointGivesNoViews() {
    Checkpoint read = Checkpoint.read(file());
    read.close();
    assertThatThrownBy(() -> read.view("weight")).isInstanceOf(ClosedException.class);
  }
}
