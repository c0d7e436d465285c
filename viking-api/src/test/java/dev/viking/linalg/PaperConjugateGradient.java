package dev.viking.linalg;

/**
 * The authors' conjugate gradients in plain Java loops, transcribed from the description of the
 * published code, as an independent reference.
 */
final class PaperConjugateGradient {
  private static final double EPSILON = Math.pow(2, -52);

  private PaperConjugateGradient() {}

  static double[] solve(double[] gram, double[] b, int steps, boolean reorthogonalise) {
    int n = b.length;
    double[] x = new double[n];
    double[] r = b.clone();
    double[] p = b.clone();
    double[][] q = new double[steps][n];
    double rzdot = dot(r, r);
    for (int i = 0; i < steps; i++) {
      double[] ap = new double[n];
      for (int row = 0; row < n; row++) {
        for (int col = 0; col < n; col++) {
          ap[row] += gram[row * n + col] * p[col];
        }
      }
      double a = safeDivide(rzdot, dot(p, ap));
      double[] old = r.clone();
      for (int j = 0; j < n; j++) {
        x[j] += a * p[j];
        r[j] -= a * ap[j];
      }
      if (reorthogonalise) {
        double norm = Math.sqrt(Math.max(rzdot, 0));
        for (int j = 0; j < n; j++) {
          q[i][j] = safeDivide(old[j], norm);
        }
        double[] overlap = new double[steps];
        for (int k = 0; k < steps; k++) {
          overlap[k] = dot(q[k], r);
        }
        for (int k = 0; k < steps; k++) {
          for (int j = 0; j < n; j++) {
            r[j] -= overlap[k] * q[k][j];
          }
        }
      }
      rzdot = dot(r, r);
      double beta = safeDivide(rzdot, dot(old, old));
      for (int j = 0; j < n; j++) {
        p[j] = r[j] + beta * p[j];
      }
    }
    return x;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double safeDivide(double a, double b) {
    return Math.abs(b) > EPSILON * EPSILON ? a / b : a;
  }
}
