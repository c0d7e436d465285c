package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
  @TempDir Path folder;

  @Test
  void readsWhatWasWritten() {
    Path file = folder.resolve("new/folder/state.safetensors");
    Checkpoint.builder()
        .put("bytes", new byte[] {-1, 0, 1}, 3)
        .put("floats", new float[] {1.5f, Float.NaN, -0f, Float.MIN_VALUE}, 2, 2)
        .put("doubles", new double[] {Math.PI}, new long[0])
        .put("longs", new long[] {Long.MIN_VALUE, 7}, 1, 2)
        .put("nothing", new float[0], 3, 0)
        .metadata("epoch", "12")
        .metadata("text", "quote \" backslash \\ new\nline ü \u0000")
        .write(file);

    try (Checkpoint read = Checkpoint.read(file)) {
      assertThat(read.names()).containsExactly("bytes", "floats", "doubles", "longs", "nothing");
      assertThat(read.bytes("bytes")).containsExactly(-1, 0, 1);
      assertThat(read.floats("floats")).containsExactly(1.5f, Float.NaN, -0f, Float.MIN_VALUE);
      assertThat(read.info("floats").shape()).containsExactly(2L, 2L);
      assertThat(read.doubles("doubles")).containsExactly(Math.PI);
      assertThat(read.info("doubles").shape()).isEmpty();
      assertThat(read.longs("longs")).containsExactly(Long.MIN_VALUE, 7);
      assertThat(read.floats("nothing")).isEmpty();
      assertThat(read.metadata())
          .isEqualTo(Map.of("epoch", "12", "text", "quote \" backslash \\ new\nline ü \u0000"));
    }
  }

  @Test
  void aSectionHoldsWhatWasWrittenUnderItsPrefix() {
    Path file = folder.resolve("sections");
    CheckpointBuilder builder = Checkpoint.builder().put("x", new long[] {1}, 1);
    builder.section("a.").put("x", new long[] {2}, 1).metadata("text", "of a");
    builder.section("a.").section("b.").put("x", new double[] {3}, 1);
    builder.write(file);

    Checkpoint part;
    try (Checkpoint whole = Checkpoint.read(file)) {
      part = whole.section("a.");
      assertThat(whole.names()).containsExactly("x", "a.x", "a.b.x");
      assertThat(whole.longs("x")).containsExactly(1);
      assertThat(part.names()).containsExactly("x", "b.x");
      assertThat(part.metadata()).isEqualTo(Map.of("text", "of a"));
      assertThat(part.longs("x")).containsExactly(2);
      assertThat(part.section("b.").doubles("x")).containsExactly(3);
      assertThat(whole.section("c.").names()).isEmpty();
      part.close();
      assertThat(whole.longs("x")).containsExactly(1);
      assertThat(part.longs("x")).containsExactly(2);
      assertThatThrownBy(() -> part.longs("y"))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("[x, b.x] of " + file + " [a.]");
    }
    assertThatThrownBy(() -> part.longs("x"))
        .isInstanceOf(ClosedException.class)
        .hasMessageContaining(file + " [a.]");
  }

  @Test
  void everyArrayIsAlignedToItsElements() {
    Path file = folder.resolve("state");
    Checkpoint.builder()
        .put("a", new byte[3], 3)
        .put("b", new float[5], 5)
        .put("c", new double[1], 1)
        .put("d", new float[1], 1)
        .write(file);

    try (Checkpoint read = Checkpoint.read(file)) {
      for (String name : read.names()) {
        CheckpointEntry entry = read.info(name);
        assertThat(entry.offset() % entry.dtype().byteSize()).as(name).isZero();
      }
    }
  }

  @Test
  void readsAFileOfThePythonLibrary() throws IOException {
    Path file = folder.resolve("python.safetensors");
    try (InputStream in =
        Objects.requireNonNull(CheckpointTest.class.getResourceAsStream("python.safetensors"))) {
      Files.copy(in, file);
    }

    try (Checkpoint read = Checkpoint.read(file)) {
      assertThat(read.floats("weight")).containsExactly(0f, 0.5f, 1f, 1.5f, 2f, 2.5f);
      assertThat(read.info("weight").shape()).containsExactly(2L, 3L);
      assertThat(read.doubles("scale")).containsExactly(Math.PI);
      assertThat(read.longs("steps")).containsExactly(1, -2, 1L << 40);
      assertThat(read.bytes("bytes")).containsExactly(0, 127, -1);
      assertThat(read.info("empty").shape()).containsExactly(0L, 4L);
      assertThat(read.info("half").dtype()).isEqualTo(DType.FLOAT16);
      assertThat(read.info("flags").dtype()).isEqualTo(DType.BOOL);
      assertThat(read.metadata()).isEqualTo(Map.of("format", "np", "title", "äöü \"quoted\""));
    }
  }

  @Test
  void keepsWhatWasPutInNotWhatItBecame() {
    Path file = folder.resolve("state");
    float[] values = {1, 2};
    CheckpointBuilder builder = Checkpoint.builder().put("v", values, 2);
    values[0] = 9;
    builder.write(file);

    try (Checkpoint read = Checkpoint.read(file)) {
      assertThat(read.floats("v")).containsExactly(1, 2);
    }
  }

  @Test
  void anOpenCheckpointKeepsItsContentWhenTheFileIsReplaced() {
    Path file = folder.resolve("state");
    Checkpoint.builder().put("v", new long[] {1}, 1).write(file);

    try (Checkpoint old = Checkpoint.read(file)) {
      Checkpoint.builder().put("v", new long[] {2}, 1).write(file);
      assertThat(old.longs("v")).containsExactly(1);
    }
    try (Checkpoint now = Checkpoint.read(file)) {
      assertThat(now.longs("v")).containsExactly(2);
    }
  }

  @Test
  void aFailedWriteLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = folder.resolve("state");
    Checkpoint.builder().put("v", new long[] {1}, 1).write(file);
    byte[] before = Files.readAllBytes(file);

    // File channels refuse to work on an interrupted thread: the write fails in its middle.
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> Checkpoint.builder().put("v", new long[] {2}, 1).write(file))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(file.toString());
    assertThat(Thread.interrupted()).isTrue();

    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    assertThat(files()).containsExactly("state");
  }

  @Test
  void whatAKilledWriterLeftIsRemovedByTheNextWrite() throws IOException {
    Path file = folder.resolve("state");
    Files.write(folder.resolve(".state.abandoned.tmp"), new byte[10]);
    Files.write(folder.resolve(".other.abandoned.tmp"), new byte[10]);

    Checkpoint.builder().put("v", new long[] {1}, 1).write(file);

    assertThat(files()).containsExactly(".other.abandoned.tmp", "state");
  }

  @Test
  void concurrentWritersLeaveOneWholeFile() throws Exception {
    Path file = folder.resolve("state");
    try (ExecutorService writers = Executors.newFixedThreadPool(8)) {
      List<Future<?>> done = new ArrayList<>();
      for (int i = 0; i < 160; i++) {
        long[] values = new long[1000];
        Arrays.fill(values, i);
        done.add(writers.submit(() -> Checkpoint.builder().put("v", values, 1000).write(file)));
      }
      for (Future<?> write : done) {
        write.get();
      }
    }

    try (Checkpoint read = Checkpoint.read(file)) {
      long[] values = read.longs("v");
      assertThat(values).containsOnly(values[0]);
    }
    assertThat(files()).containsExactly("state");
  }

  @Test
  void refusesWhatItCannotStoreOrGive() {
    float[] two = {1, 2};
    CheckpointBuilder builder = Checkpoint.builder().put("v", two, 2);
    assertThatThrownBy(() -> builder.put("v", two, 2))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("\"v\", which is taken");
    assertThatThrownBy(() -> builder.put("__metadata__", two, 2))
        .isInstanceOf(ArgumentException.class);
    long half = 1L << 62;
    for (long[] shape :
        List.of(new long[] {3}, new long[0], new long[] {-1, -2}, new long[] {half, 4, 2})) {
      assertThatThrownBy(() -> builder.put("w", two, shape))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("needed sizes of 2 elements");
    }
    Path file = folder.resolve("state");
    builder.write(file);
    Checkpoint read = Checkpoint.read(file);
    assertThatThrownBy(() -> read.floats("x"))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("given \"x\"; needed one of [v]");
    assertThatThrownBy(() -> read.longs("v"))
        .isInstanceOf(DTypeException.class)
        .hasMessageContaining("FLOAT32; needed INT64");
    read.close();
    read.close();
    assertThatThrownBy(() -> read.floats("v")).isInstanceOf(ClosedException.class);
    assertThatThrownBy(() -> Checkpoint.read(folder.resolve("nowhere")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("nowhere");
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    }
  }
}
