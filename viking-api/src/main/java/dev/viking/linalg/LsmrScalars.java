package dev.viking.linalg;

/**
 * The scalar recurrences of LSMR for one right-hand side, in the notation of Fong and Saunders
 * 2011, section 2.8 and figure 1 without damping.
 */
final class LsmrScalars {
  private final Lsmr settings;
  private final double normB;
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

  /** What is wrong with going on, or ITERATION_LIMIT for nothing so far. */
  private SolverStatus status = SolverStatus.ITERATION_LIMIT;

  LsmrScalars(Lsmr settings, double beta, double alpha) {
    this.settings = settings;
    this.normB = beta;
    this.beta = beta;
    this.alpha = alpha;
    this.alphabar = alpha;
    this.zetabar = alpha * beta;
    this.betadd = beta;
    this.normA2 = alpha * alpha;
    if (!Double.isFinite(alpha) || !Double.isFinite(beta)) {
      status = SolverStatus.NOT_FINITE;
    } else if (alpha == 0 || beta == 0) {
      status = SolverStatus.ZERO_RIGHT_HAND_SIDE;
    }
  }

  boolean going() {
    return status == SolverStatus.ITERATION_LIMIT;
  }

  SolverStatus status() {
    return status;
  }

  /**
   * One step, after the bidiagonalisation gave its next pair.
   *
   * @param nextBeta of this step
   * @param nextAlpha of this step
   * @param normX of the solution before this step, which never exceeds the one after it
   * @return the factors of hbar = h - f0 hbar, x = x + f1 hbar, h = v - f2 h
   */
  double[] step(double nextBeta, double nextAlpha, double normX) {
    steps++;
    beta = nextBeta;
    alpha = nextAlpha;
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
    final double[] factors = {
      thetabar * rho / (rhoold * rhobarold), zeta / (rho * rhobar), thetanew / rho
    };

    double normR = residualNorm(c, s, zetaold, thetabar);
    double normA = Math.sqrt(normA2 + beta * beta);
    normA2 += beta * beta + alpha * alpha;
    maxrbar = Math.max(maxrbar, rhobarold);
    if (steps > 1) {
      minrbar = Math.min(minrbar, rhobarold);
    }
    double condition = Math.max(maxrbar, rhotemp) / Math.min(minrbar, rhotemp);
    status = test(normR, normA, normX, condition);
    return factors;
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

  private SolverStatus test(double normR, double normA, double normX, double condition) {
    double normAr = Math.abs(zetabar);
    if (!Double.isFinite(normR) || !Double.isFinite(normAr)) {
      return SolverStatus.NOT_FINITE;
    }
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
