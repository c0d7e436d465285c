package dev.viking.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Looks for bytes that the readers of untrusted files neither read nor refuse.
 *
 * <p>Not among the tests, because the fuzzer's agent slows down all classes of its JVM: {@code
 * JAZZER_FUZZ=1 mvn test -Pfuzz -pl viking-api -am -Dtest=CheckpointFuzz
 * -Dsurefire.failIfNoSpecifiedTests=false} runs it for as long as the annotations say, and so does
 * {@code .ci/run}. What it finds belongs into the folder of the method's name below {@code
 * src/test/resources}, which {@link FuzzInputsTest} runs in every build.
 */
class CheckpointFuzz {
  @FuzzTest(maxDuration = "20s")
  void everyFileIsReadOrRefused(byte[] bytes) {
    FuzzInputsTest.checkFile(bytes);
  }

  @FuzzTest(maxDuration = "10s")
  void everyDescriptionIsReadOrRefused(byte[] bytes) {
    FuzzInputsTest.checkDescription(bytes);
  }
}
