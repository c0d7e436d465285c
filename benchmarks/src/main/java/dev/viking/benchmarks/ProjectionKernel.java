package dev.viking.benchmarks;

import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.KernelProjection;
import dev.viking.nn.Linearisation;
import dev.viking.posterior.BatchOperator;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.JacobianKind;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** The projection alone: rows, factorisation, and the kernel part of S vectors. */
public final class ProjectionKernel implements Kernel {
  private final Problem problem;
  private final JacobianKind kind;

  /**
   * The kernel.
   *
   * @param setting on what
   * @param kind whose Jacobian
   */
  public ProjectionKernel(Setting setting, JacobianKind kind) {
    problem = Problem.of(setting);
    this.kind = kind;
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
    Linearisation at =
        Linearisation.of(
            problem.model(),
            problem.loss(),
            problem.parameters(),
            problem.images(),
            problem.labels());
    long limit = ElboOptions.DEFAULT_MEMORY_LIMIT;
    BatchOperator rows =
        new BatchOperator(kind == JacobianKind.LOSS ? at.lossRows(limit) : at.functionRows(limit));
    return KernelProjection.of(rows, new ExactSolver()).project(problem.noise()).kernel();
  }

  @Override
  public void close() {
    problem.close();
  }
}
