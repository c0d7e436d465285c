package dev.viking.linalg;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * One run of LSMR on min |A^T x - b| for one right-hand side, in the notation of Fong and Saunders
 * 2011, section 2.8 and figure 1 without damping; the scalars live on the host, the vectors on the
 * device.
 */
final class LsmrIteration {
  private final LinearOperator a;
  private final double normB;
  private Tensor u;
  private Tensor v;
  private Tensor h;
  private Tensor hbar;
  private Tensor x;
  private double alpha;
  private double beta;
  private double alphabar;
  private double zetabar;
  private double rho = 1;
  private double rhobar = 1;
  private double cbar = 1;
  private double sbar;
  private double zeta;
  private double betadd;
  private double betad;
  private double rhodold = 1;
  private double tautildeold;
  private double thetatilde;
  private double normA2;
  private double maxrbar;
  private double minrbar = Double.MAX_VALUE;
  private int steps;

  LsmrIteration(LinearOperator a, Tensor b) {
    this.a = a;
    this.normB = b.norm().item();
    this.beta = normB;
    this.u = b.div(beta > 0 ? beta : 1);
    Tensor first = a.matvec(u);
    this.alpha = first.norm().item();
    this.v = first.div(alpha > 0 ? alpha : 1);
    this.h = v;
    this.hbar = Tensor.zerosLike(v);
    this.x = Tensor.zerosLike(v);
    this.alphabar = alpha;
    this.zetabar = alpha * beta;
    this.betadd = beta;
    this.normA2 = alpha * alpha;
  }

  Tensor x() {
    return x;
  }

  int steps() {
    return steps;
  }

  SolverStatus run(Lsmr settings) {
    if (!Double.isFinite(alpha * beta)) {
      return SolverStatus.NOT_FINITE;
    }
    if (alpha * beta == 0) {
      return SolverStatus.ZERO_RIGHT_HAND_SIDE;
    }
    while (steps < settings.maxIter()) {
      steps++;
      SolverStatus status;
      try (Scope scope = Scope.open()) {
        status = step(settings);
        scope.keep(List.of(u, v, h, hbar, x));
      }
      if (status != SolverStatus.ITERATION_LIMIT) {
        return status;
      }
    }
    return SolverStatus.ITERATION_LIMIT;
  }

  private SolverStatus step(Lsmr settings) {
    bidiagonalise();
    double rhoold = rho;
    rho = Math.hypot(alphabar, beta);
    double c = alphabar / rho;
    double s = beta / rho;
    double thetanew = s * alpha;
    alphabar = c * alpha;

    double rhobarold = rhobar;
    double zetaold = zeta;
    double thetabar = sbar * rho;
    double rhotemp = cbar * rho;
    rhobar = Math.hypot(rhotemp, thetanew);
    cbar = rhotemp / rhobar;
    sbar = thetanew / rhobar;
    zeta = cbar * zetabar;
    zetabar = -sbar * zetabar;

    hbar = h.addScaled(hbar, -thetabar * rho / (rhoold * rhobarold));
    x = x.addScaled(hbar, zeta / (rho * rhobar));
    h = v.addScaled(h, -thetanew / rho);

    double normR = residualNorm(c, s, zetaold, thetabar);
    double normA = Math.sqrt(normA2 + beta * beta);
    normA2 += beta * beta + alpha * alpha;
    maxrbar = Math.max(maxrbar, rhobarold);
    if (steps > 1) {
      minrbar = Math.min(minrbar, rhobarold);
    }
    double condition = Math.max(maxrbar, rhotemp) / Math.min(minrbar, rhotemp);
    return test(settings, normR, normA, condition);
  }

  private void bidiagonalise() {
    Tensor nextU = a.rmatvec(v).addScaled(u, -alpha);
    beta = nextU.norm().item();
    u = beta > 0 ? nextU.div(beta) : nextU;
    Tensor nextV = a.matvec(u).addScaled(v, -beta);
    alpha = nextV.norm().item();
    v = alpha > 0 ? nextV.div(alpha) : nextV;
  }

  private double residualNorm(double c, double s, double zetaold, double thetabar) {
    double betahat = c * betadd;
    betadd = -s * betadd;
    double thetatildeold = thetatilde;
    double rhotildeold = Math.hypot(rhodold, thetabar);
    double ctildeold = rhodold / rhotildeold;
    double stildeold = thetabar / rhotildeold;
    thetatilde = stildeold * rhobar;
    rhodold = ctildeold * rhobar;
    betad = -stildeold * betad + ctildeold * betahat;
    tautildeold = (zetaold - thetatildeold * tautildeold) / rhotildeold;
    double taud = (zeta - thetatilde * tautildeold) / rhodold;
    return Math.hypot(betad - taud, betadd);
  }

  /** The stopping rules; ITERATION_LIMIT stands for going on. */
  private SolverStatus test(Lsmr settings, double normR, double normA, double condition) {
    double normAr = Math.abs(zetabar);
    if (!Double.isFinite(normR) || !Double.isFinite(normAr)) {
      return SolverStatus.NOT_FINITE;
    }
    double normX = x.norm().item();
    if (normR <= settings.btol() * normB + settings.atol() * normA * normX) {
      return SolverStatus.CONVERGED;
    }
    if (normAr <= settings.atol() * normA * normR) {
      return SolverStatus.LEAST_SQUARES;
    }
    return condition >= settings.conlim()
        ? SolverStatus.ILL_CONDITIONED
        : SolverStatus.ITERATION_LIMIT;
  }
}
