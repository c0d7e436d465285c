package dev.viking.benchmarks;

/**
 * One piece of work that is timed, with its inputs. Used by one thread, which must be the one that
 * made it.
 */
public interface Kernel extends AutoCloseable {
  /**
   * Does the work.
   *
   * @param times how often
   */
  void run(int times);

  /**
   * Does the work once, and reads its results.
   *
   * @return every result's elements in order, to compare with another implementation
   */
  double[] result();

  /** Frees the inputs. Closing again does nothing. */
  @Override
  void close();
}
