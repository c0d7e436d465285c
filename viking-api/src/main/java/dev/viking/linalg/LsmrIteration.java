package dev.viking.linalg;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * One run of LSMR on min |A^T x - b| for S right-hand sides in step. The scalars live on the host,
 * the vectors on the device; each iteration reads one [3, S] tensor and sends one back. What has
 * stopped stands still.
 */
final class LsmrIteration {
  private final LinearOperator a;
  private final Lsmr settings;
  private final LsmrScalars[] scalars;
  private final Tensor u;
  private final Tensor v;
  private final Tensor h;
  private final Tensor hbar;
  private final Tensor x;
  private final Tensor alpha;
  private int steps;

  LsmrIteration(LinearOperator a, Tensor b, Lsmr settings) {
    this.a = a;
    this.settings = settings;
    Tensor beta = norms(b);
    this.u = b.div(nonZero(beta));
    Tensor first = a.matvec(u);
    this.alpha = norms(first);
    this.v = first.div(nonZero(alpha));
    this.h = v.cloneTensor();
    this.hbar = Tensor.zerosLike(v);
    this.x = Tensor.zerosLike(v);
    double[] start = Tensor.cat(List.of(beta, alpha), 1).to(DType.FLOAT64).toDoubleArray();
    this.scalars = new LsmrScalars[start.length / 2];
    for (int s = 0; s < scalars.length; s++) {
      scalars[s] = new LsmrScalars(settings, start[2 * s], start[2 * s + 1]);
    }
  }

  Tensor x() {
    return x;
  }

  int steps() {
    return steps;
  }

  SolverStatus run() {
    while (steps < settings.maxIter() && anyGoing()) {
      steps++;
      try (Scope _ = Scope.open()) {
        step();
      }
    }
    SolverStatus[] statuses = new SolverStatus[scalars.length];
    for (int s = 0; s < statuses.length; s++) {
      statuses[s] = scalars[s].status();
    }
    return SolverStatus.worst(statuses);
  }

  private boolean anyGoing() {
    for (LsmrScalars one : scalars) {
      if (one.going()) {
        return true;
      }
    }
    return false;
  }

  private void step() {
    Tensor beta = normalised(u, a.rmatvec(v).addcmul_(u, alpha, -1.0));
    alpha.copy_(normalised(v, a.matvec(u).addcmul_(v, beta, -1.0)));
    double[] facts =
        Tensor.cat(List.of(beta, alpha, norms(x)), 1).to(DType.FLOAT64).toDoubleArray();
    double[] factors = new double[4 * scalars.length];
    for (int s = 0; s < scalars.length; s++) {
      if (scalars[s].going()) {
        double[] own = scalars[s].step(facts[3 * s], facts[3 * s + 1], facts[3 * s + 2]);
        System.arraycopy(own, 0, factors, 4 * s, own.length);
        factors[4 * s + 3] = scalars[s].status() == SolverStatus.NOT_FINITE ? 0 : 1;
      }
    }
    Tensor all = Tensor.of(factors, scalars.length, 4).to(x.dtype()).to(x.device());
    Tensor moves = all.narrow(1, 3, 1).ne(0.0);
    // hbar = h - f0 hbar, x = x + f1 hbar, h = v - f2 h
    hbar.copy_(h.addcmul(hbar, all.narrow(1, 0, 1), -1.0));
    x.copy_(Tensor.where(moves, x.addcmul(hbar, all.narrow(1, 1, 1), 1.0), x));
    h.copy_(v.addcmul(h, all.narrow(1, 2, 1), -1.0));
  }

  /** Sets target to a vector of norm one each, and returns the norms, [S, 1]. */
  private static Tensor normalised(Tensor target, Tensor vectors) {
    Tensor norms = norms(vectors);
    target.copy_(vectors.div_(nonZero(norms)));
    return norms;
  }

  private static Tensor norms(Tensor vectors) {
    return vectors.vectorNorm(2, new long[] {1}, true);
  }

  private static Tensor nonZero(Tensor norms) {
    return norms.maskedFill(norms.eq(0.0), 1.0);
  }
}
