package dev.viking.benchmarks;

import dev.viking.nn.Adam;
import dev.viking.nn.Optimizer;
import dev.viking.posterior.Elbo;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.ElboResult;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Steps of a VIKING posterior in exact mode with one sample, the objective's gradient and Adam,
 * always on the same batch and noise.
 */
public final class VikingStepKernel implements Kernel {
  /** log alpha at the start, so that sigma_ker = exp(-2). */
  public static final double LOG_PRECISION = 4.0;

  /** log sigma_im at the start; another than log sigma_ker, or P's derivative would not count. */
  public static final double LOG_SCALE_IMAGE = -3.0;

  /** Examples in the data set that the batch is taken from. */
  public static final long DATA_SIZE = 60_000;

  private final LeNetProblem problem;
  private final Tensor noise;
  private final KernelImagePosterior start;
  private final KernelImagePosterior posterior;
  private final Elbo elbo;
  private final Optimizer optimizer = new Adam(1e-3);

  /**
   * The kernel.
   *
   * @param batch examples in the batch
   * @param throughProjection whether the gradient knows that the projection moves with the mean
   */
  public VikingStepKernel(int batch, boolean throughProjection) {
    problem = LeNetProblem.of(batch);
    noise = problem.noise().unsqueeze(0);
    start = KernelImagePosterior.of(problem.parameters(), LOG_PRECISION, LOG_SCALE_IMAGE);
    posterior = KernelImagePosterior.of(problem.parameters(), LOG_PRECISION, LOG_SCALE_IMAGE);
    ElboOptions options = ElboOptions.exact().withGradientThroughProjection(throughProjection);
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
    return elbo.evaluate(at, problem.images(), problem.labels(), noise);
  }

  @Override
  public void close() {
    optimizer.close();
    posterior.close();
    start.close();
    noise.close();
    problem.close();
  }
}
