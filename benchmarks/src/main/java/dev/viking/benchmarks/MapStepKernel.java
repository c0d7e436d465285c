package dev.viking.benchmarks;

import dev.viking.nn.Adam;
import dev.viking.nn.Gradients;
import dev.viking.nn.Optimizer;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.stream.DoubleStream;

/** Steps of a point estimate: the mean loss's gradient and Adam, always on the same batch. */
public final class MapStepKernel implements Kernel {
  private final Problem problem;
  private final Tensor parameters;
  private final Optimizer optimizer = new Adam(1e-3);

  /**
   * The kernel.
   *
   * @param setting on what
   */
  public MapStepKernel(Setting setting) {
    problem = Problem.of(setting);
    parameters = problem.parameters().cloneTensor();
  }

  /** Steps on from the start: far on, the batch would be learnt by heart and gradients vanish. */
  @Override
  public void run(int times) {
    parameters.copy_(problem.parameters());
    for (int i = 0; i < times; i++) {
      try (Scope _ = Scope.open()) {
        optimizer.step(parameters, gradient(parameters).gradient());
      }
    }
  }

  /** The mean loss and its gradient at the start. */
  @Override
  public double[] result() {
    try (Scope _ = Scope.open()) {
      Gradients.Result result = gradient(problem.parameters());
      return DoubleStream.concat(
              DoubleStream.of(result.value().item()),
              Arrays.stream(result.gradient().toDoubleArray()))
          .toArray();
    }
  }

  private Gradients.Result gradient(Tensor at) {
    return Gradients.mean(problem.model(), problem.loss(), at, problem.images(), problem.labels());
  }

  @Override
  public void close() {
    optimizer.close();
    parameters.close();
    problem.close();
  }
}
