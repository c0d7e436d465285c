package dev.viking.serving;

import dev.viking.posterior.Predictions;
import dev.viking.torch.ArgumentException;
import java.time.Duration;
import java.util.List;

/**
 * How a predictor runs.
 *
 * @param likelihood what the outputs mean
 * @param kind how a sample predicts
 * @param threads threads that work at one prediction when its caller is alone, the caller's
 *     included; 1 is best for throughput, more for the latency of a single caller
 * @param cpus CPUs to which the predictor's own threads are bound, in turn; empty: unbound. The
 *     callers' threads are the caller's affair
 * @param spin how long the predictor's own threads watch for work before they sleep. Waking up
 *     takes longer than a small network
 * @param concurrentCalls native calls under way at once; further callers wait, first come first
 *     served: the next in turn, as many as there are calls at once, awake for up to 2 ms, giving
 *     their processor away to whoever has work, and all others asleep. No more than the processors
 *     that the service may use: each call beyond makes others wait for a time slice of the kernel
 *     in the middle. Virtual threads take at most one less than there are carriers, over all
 *     predictors of the JVM together, so that others go on
 */
public record PredictorOptions(
    Likelihood likelihood,
    Predictions kind,
    int threads,
    List<Integer> cpus,
    Duration spin,
    int concurrentCalls) {
  /**
   * Copies and checks.
   *
   * @throws ArgumentException when a number is out of range
   */
  public PredictorOptions {
    cpus = List.copyOf(cpus);
    atLeastOne("threads", threads);
    atLeastOne("concurrentCalls", concurrentCalls);
    if (spin.isNegative()) {
      throw new ArgumentException("PredictorOptions: spin is " + spin + "; 0 or more is needed");
    }
  }

  /**
   * One thread for each prediction, as many predictions at once as there are processors.
   *
   * @param likelihood what the outputs mean
   * @return the options
   */
  public static PredictorOptions of(Likelihood likelihood) {
    return new PredictorOptions(
        likelihood,
        Predictions.SAMPLED,
        1,
        List.of(),
        Duration.ofNanos(50_000),
        Runtime.getRuntime().availableProcessors());
  }

  /**
   * The same with another way to predict.
   *
   * @param kind sampled or linearised
   * @return the options
   */
  public PredictorOptions withKind(Predictions kind) {
    return new PredictorOptions(likelihood, kind, threads, cpus, spin, concurrentCalls);
  }

  /**
   * The same with more threads for one prediction.
   *
   * @param threads the caller's included
   * @return the options
   */
  public PredictorOptions withThreads(int threads) {
    return new PredictorOptions(likelihood, kind, threads, cpus, spin, concurrentCalls);
  }

  /**
   * The same with the predictor's own threads bound to CPUs.
   *
   * @param cpus numbers of CPUs
   * @return the options
   */
  public PredictorOptions withCpus(List<Integer> cpus) {
    return new PredictorOptions(likelihood, kind, threads, cpus, spin, concurrentCalls);
  }

  /**
   * The same with another watch before sleep.
   *
   * @param spin 0 or more
   * @return the options
   */
  public PredictorOptions withSpin(Duration spin) {
    return new PredictorOptions(likelihood, kind, threads, cpus, spin, concurrentCalls);
  }

  /**
   * The same with another number of calls at once.
   *
   * @param calls at least 1
   * @return the options
   */
  public PredictorOptions withConcurrentCalls(int calls) {
    return new PredictorOptions(likelihood, kind, threads, cpus, spin, calls);
  }

  private static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new ArgumentException(
          "PredictorOptions: " + name + " is " + value + "; at least 1 is needed");
    }
  }
}
