package dev.viking.benchmarks;

import dev.viking.nn.Adam;
import dev.viking.nn.Optimizer;
import dev.viking.posterior.Elbo;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.ElboResult;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.torch.Scope;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Steps of a VIKING posterior, the objective's gradient and Adam, always on the same batch and
 * noise.
 */
public final class VikingStepKernel implements Kernel {
  /** log alpha at the start, so that sigma_ker = exp(-2). */
  public static final double LOG_PRECISION = 4.0;

  /** log sigma_im at the start; another than log sigma_ker, or P's derivative would not count. */
  public static final double LOG_SCALE_IMAGE = -3.0;

  /** Examples in the data set that the batch is taken from. */
  public static final long DATA_SIZE = 60_000;

  private final Problem problem;
  private final KernelImagePosterior start;
  private final KernelImagePosterior posterior;
  private final Elbo elbo;
  private final Optimizer optimizer = new Adam(1e-3);

  /**
   * The kernel.
   *
   * @param setting on what
   * @param options the objective's parts, and how its gradient is computed
   */
  public VikingStepKernel(Setting setting, ElboOptions options) {
    problem = Problem.of(setting);
    start = KernelImagePosterior.of(problem.parameters(), LOG_PRECISION, LOG_SCALE_IMAGE);
    posterior = KernelImagePosterior.of(problem.parameters(), LOG_PRECISION, LOG_SCALE_IMAGE);
    elbo = new Elbo(problem.model(), problem.loss(), options, DATA_SIZE);
  }

  /** Steps on from the start. */
  @Override
  public void run(int times) {
    posterior.variables().copy_(start.variables());
    for (int i = 0; i < times; i++) {
      try (Scope _ = Scope.open()) {
        optimizer.step(posterior.variables(), evaluate(posterior).gradient());
      }
    }
  }

  /** The objective, its gradient in mean and scales, and the projected noise, at the start. */
  @Override
  public double[] result() {
    try (Scope _ = Scope.open()) {
      ElboResult result = evaluate(start);
      return Stream.of(
              new double[] {result.loss().item()},
              result.gradient().toDoubleArray(),
              result.kernelSamples().toDoubleArray())
          .flatMapToDouble(Arrays::stream)
          .toArray();
    }
  }

  private ElboResult evaluate(KernelImagePosterior at) {
    return elbo.evaluate(at, problem.images(), problem.labels(), problem.noise());
  }

  @Override
  public void close() {
    optimizer.close();
    posterior.close();
    start.close();
    problem.close();
  }
}
