package dev.viking.benchmarks;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** A computation on a {@link Problem} that keeps no state from one time to the next. */
public final class TransformationKernel implements Kernel {
  private final Problem problem;
  private final Function<Problem, List<Tensor>> computation;

  /**
   * The kernel.
   *
   * @param setting on what
   * @param computation the work; its tensors are freed after each time
   */
  public TransformationKernel(Setting setting, Function<Problem, List<Tensor>> computation) {
    this.problem = Problem.of(setting);
    this.computation = computation;
  }

  @Override
  public void run(int times) {
    for (int i = 0; i < times; i++) {
      try (Scope _ = Scope.open()) {
        List<Tensor> _ = computation.apply(problem);
      }
    }
  }

  @Override
  public double[] result() {
    try (Scope _ = Scope.open()) {
      return computation.apply(problem).stream()
          .map(Tensor::toDoubleArray)
          .flatMapToDouble(Arrays::stream)
          .toArray();
    }
  }

  @Override
  public void close() {
    problem.close();
  }
}
