package dev.viking.benchmarks;

import dev.viking.linalg.ExactSolver;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.AlternatingResult;
import dev.viking.posterior.JacobianKind;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** Posterior sampling: S vectors through one pass of alternating projections over N images. */
public final class SamplingKernel implements Kernel {
  private final Problem problem;
  private final DataSet data;
  private final AlternatingProjections projections;

  /**
   * The kernel.
   *
   * @param setting on what; its batch is the size of a block
   */
  public SamplingKernel(Setting setting) {
    problem = Problem.of(setting);
    data = DataSet.of(setting);
    projections =
        new AlternatingProjections(
            problem.model(),
            problem.loss(),
            JacobianKind.LOSS,
            new ExactSolver(),
            setting.batch(),
            1);
  }

  @Override
  public void run(int times) {
    for (int i = 0; i < times; i++) {
      try (Scope _ = Scope.open()) {
        Tensor _ = project();
      }
    }
  }

  /** The kernel parts, [S, D]. */
  @Override
  public double[] result() {
    try (Scope _ = Scope.open()) {
      return project().toDoubleArray();
    }
  }

  private Tensor project() {
    Tensor vectors = problem.noise().cloneTensor();
    AlternatingResult _ =
        projections.project(
            problem.parameters(), vectors, data.asTrainingData(), AlternatingListener.NONE);
    return vectors;
  }

  @Override
  public void close() {
    data.close();
    problem.close();
  }
}
