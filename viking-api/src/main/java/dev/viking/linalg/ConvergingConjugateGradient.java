package dev.viking.linalg;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Conjugate gradients with a stopping rule for each right-hand side, all of them in step: those
 * that are done stand still. The host reads one small tensor per iteration.
 *
 * <p>The residual that the recurrence carries drifts away from the true one. So when all have
 * stopped the true residuals are computed, and those that miss their target by it go on from there,
 * as long as that helps.
 */
final class ConvergingConjugateGradient implements PreparedSolver {
  private static final double SLACK = 2;
  private static final int RESTARTS = 4;

  private final LinearOperator operator;
  private final NormalEquations system;
  private final ConjugateGradient settings;

  ConvergingConjugateGradient(LinearOperator operator, ConjugateGradient settings) {
    this.operator = operator;
    this.settings = settings;
    this.system = NormalEquations.of(operator, settings.scaling(), settings.preconditioner());
  }

  @Override
  public LinearOperator operator() {
    return operator;
  }

  @Override
  public Solution leastSquares(Tensor vectors, Tensor products) {
    Checks.vectors("PreparedSolver.leastSquares", vectors, operator.columns(), operator);
    try (Scope scope = Scope.open()) {
      Run run = new Run(system.rightSides(products));
      run.solve();
      Tensor residual = Residuals.relative(run.residuals, run.rightSides);
      return new Solution(
          scope.keep(system.solutions(run.y)),
          SolverStatus.worst(run.statuses),
          run.step,
          scope.keep(residual.to(operator.dtype())));
    }
  }

  /** One solve of S systems. */
  private final class Run {
    final Tensor rightSides;
    final Tensor targets; // squares, [S, 1]
    final SolverStatus[] statuses;
    Tensor y;
    Tensor residuals;
    int step;

    Run(Tensor rightSides) {
      this.rightSides = rightSides;
      this.residuals = rightSides;
      this.y = Tensor.zerosLike(rightSides);
      this.targets = squares(rightSides).mul(settings.tolerance() * settings.tolerance());
      this.statuses = new SolverStatus[Math.toIntExact(rightSides.size(0))];
      Arrays.fill(statuses, SolverStatus.ITERATION_LIMIT);
    }

    void solve() {
      double[] first = squares(rightSides).toDoubleArray();
      boolean[] going = new boolean[first.length];
      for (int s = 0; s < first.length; s++) {
        going[s] = first[s] > 0 && Double.isFinite(first[s]);
        if (!going[s]) {
          statuses[s] = first[s] == 0 ? SolverStatus.ZERO_RIGHT_HAND_SIDE : SolverStatus.NOT_FINITE;
        }
      }
      double[] before = first;
      for (int round = 0; round <= RESTARTS && any(going); round++) {
        boolean[] tried = going.clone();
        iterate(going);
        residuals = rightSides.sub(system.apply(y));
        double[] squares = squares(residuals).toDoubleArray();
        for (int s = 0; s < squares.length; s++) {
          going[s] = tried[s] && judge(s, squares[s], first[s], before[s], round < RESTARTS);
        }
        before = squares;
      }
    }

    /** Sets the status by the true residual; true when going on from there is worth it. */
    private boolean judge(int s, double square, double first, double before, boolean more) {
      double limit = settings.tolerance() * SLACK * Math.sqrt(first);
      if (!Double.isFinite(square)) {
        statuses[s] = SolverStatus.NOT_FINITE;
        return false;
      }
      if (Math.sqrt(square) <= limit) {
        statuses[s] = SolverStatus.CONVERGED;
        return false;
      }
      if (step >= settings.steps()) {
        statuses[s] = SolverStatus.ITERATION_LIMIT;
        return false;
      }
      statuses[s] = SolverStatus.BREAKDOWN;
      return more && square < 0.25 * before;
    }

    /** Iterates until every system has stopped or the steps are used up. */
    private void iterate(boolean[] going) {
      DType type = residuals.dtype();
      Tensor r = residuals.cloneTensor();
      Tensor rr = squares(r);
      Tensor p = r.cloneTensor();
      Tensor alive = Tensor.of(going, going.length, 1).to(r.device()).logicalAnd(rr.gt(targets));
      Basis basis = new Basis(r);
      boolean more = any(going);
      while (more && step < settings.steps()) {
        basis.makeRoom();
        try (Scope _ = Scope.open()) {
          Tensor product = system.apply(p);
          Tensor curvature = dots(p, product);
          alive.copy_(alive.logicalAnd(curvature.gt(0.0)).logicalAnd(curvature.isfinite()));
          Tensor still = alive.logicalNot();
          Tensor a = rr.div(curvature).maskedFill(still, 0.0).to(type);
          if (settings.reorthogonalise()) {
            basis.add(r.div(rr.sqrt().to(type)).maskedFill(still, 0.0));
          }
          p.maskedFill_(still, 0.0);
          y.addcmul_(p, a, 1.0);
          Tensor next = r.addcmul(product.maskedFill(still, 0.0), a, -1.0);
          if (settings.reorthogonalise()) {
            next = basis.sweepTwice(next);
          }
          r.copy_(Tensor.where(still, r, next));
          Tensor square = squares(r);
          alive.copy_(alive.logicalAnd(square.gt(targets)).logicalAnd(square.isfinite()));
          Tensor b = square.div(rr).maskedFill(alive.logicalNot(), 0.0).to(type);
          p.copy_(r.addcmul(p, b, 1.0));
          rr.copy_(square);
          step++;
          more = alive.any().item() != 0; // the one read of this iteration
        }
      }
    }
  }

  /** Normalised residuals of all systems so far, [S, k, n]. */
  private static final class Basis {
    private static final long FIRST = 16;
    private Tensor rows;
    private long count;

    Basis(Tensor like) {
      rows = empty(like, FIRST);
    }

    private static Tensor empty(Tensor like, long capacity) {
      return Tensor.zeros(
          new long[] {like.size(0), capacity, like.size(like.dim() - 1)},
          like.dtype(),
          like.device());
    }

    /** Room for one more; to be called in the scope that the basis lives in. */
    void makeRoom() {
      if (count == rows.size(1)) {
        Tensor wider = empty(rows, 2 * count);
        try (Scope _ = Scope.open()) {
          wider.narrow(1, 0, count).copy_(rows);
        }
        rows.close();
        rows = wider;
      }
    }

    void add(Tensor row) {
      rows.select(1, count).copy_(row);
      count++;
    }

    // "Twice is enough" (Parlett): a second sweep restores what the first loses to cancellation.
    Tensor sweepTwice(Tensor r) {
      Tensor used = rows.narrow(1, 0, count);
      Tensor once = sweep(r.unsqueeze(1), used);
      return sweep(once, used).squeeze(1);
    }

    private static Tensor sweep(Tensor r, Tensor basis) {
      return r.baddbmm(r.bmm(basis.transpose(1, 2)), basis, 1.0, -1.0);
    }
  }

  private static boolean any(boolean[] flags) {
    for (boolean flag : flags) {
      if (flag) {
        return true;
      }
    }
    return false;
  }

  private static Tensor squares(Tensor a) {
    return dots(a, a);
  }

  /** Inner products system by system, [S, 1], in float64: squares of float32 may underflow. */
  private static Tensor dots(Tensor a, Tensor b) {
    return a.to(DType.FLOAT64).mul(b.to(DType.FLOAT64)).sum(1, true);
  }

  @Override
  public OptionalLong rank() {
    return OptionalLong.empty();
  }

  @Override
  public int refinements() {
    return 0;
  }
}
