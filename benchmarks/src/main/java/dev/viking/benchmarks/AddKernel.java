package dev.viking.benchmarks;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** The addition of two vectors of eight float32, including the release of the result. */
public final class AddKernel implements Kernel {
  /** How many results a scope collects before it frees them. */
  private static final int SCOPE_SIZE = 64;

  private static final int LENGTH = 8;

  private final Tensor left = Tensor.of(Inputs.floats(6, LENGTH, 1.0, 0.0), LENGTH);
  private final Tensor right = Tensor.of(Inputs.floats(7, LENGTH, 1.0, 0.0), LENGTH);
  private final boolean scoped;

  /**
   * The kernel.
   *
   * @param scoped whether results are freed 64 at a time by a scope, instead of one by one
   */
  public AddKernel(boolean scoped) {
    this.scoped = scoped;
  }

  @Override
  public void run(int times) {
    if (scoped) {
      for (int done = 0; done < times; done += SCOPE_SIZE) {
        addInScope(Math.min(SCOPE_SIZE, times - done));
      }
    } else {
      for (int i = 0; i < times; i++) {
        left.add(right).close();
      }
    }
  }

  private void addInScope(int count) {
    try (Scope _ = Scope.open()) {
      for (int i = 0; i < count; i++) {
        left.add(right);
      }
    }
  }

  @Override
  public double[] result() {
    try (Tensor sum = left.add(right)) {
      return sum.toDoubleArray();
    }
  }

  @Override
  public void close() {
    left.close();
    right.close();
  }
}
