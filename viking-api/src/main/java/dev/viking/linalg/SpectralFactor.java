package dev.viking.linalg;

import dev.viking.torch.DType;
import dev.viking.torch.Op;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Objects;

/**
 * A factor of the pseudo-inverse of a Gram matrix by matrix products and one Cholesky factorisation
 * alone, so that a device runs ahead of the host: libtorch's eigenvectors read a status, and a
 * choice between two ways would read the condition.
 *
 * <p>NOTE [Spectral projector] Let K be the Gram matrix of rows of norm one and t the cut-off times
 * its largest eigenvalue. The sign of K - t I, by an iteration X <- p(X) with an odd polynomial p,
 * gives the projector Q onto the eigenvectors above the cut-off, Q = (I + sign) / 2, the same
 * choice that eigenvalues would make. Then M = Q K Q + (I - Q) is positive definite with smallest
 * eigenvalue at least t, and K^+ = Q M^-1 Q = F F^T with F = Q L^-T for M = L L^T. The rank is the
 * trace of Q. The first steps take p(x) = 3.4445 x - 4.775 x^3 + 2.0315 x^5, which multiplies small
 * x by 3.4 and keeps [0, 1] within [0, 1.2]; the last take (3 x - x^3) / 2, which converges
 * quadratically to 1. Eigenvalues closer to the cut-off than 1e-4 of it may end in between.
 *
 * @param factor F, [n, n] float64; its rank is that of the matrix
 * @param rank 0-dimensional float64, NaN for a matrix that is not finite
 */
record SpectralFactor(Tensor factor, Tensor rank) {
  private static final Op CHOLESKY = Op.of("aten::linalg_cholesky_ex", "");
  private static final double FIRST = 3.4445;
  private static final double THIRD = -4.775;
  private static final double FIFTH = 2.0315;
  private static final int LAST_STEPS = 8;
  // The share of the cut-off by which eigenvalues on its two sides are told apart.
  private static final double RESOLUTION = 1e-4;
  // 2^10 is the power of the matrix that is made to find its largest eigenvalue.
  private static final int SQUARINGS = 10;

  static SpectralFactor of(Tensor gram, double cutoff) {
    try (Scope scope = Scope.open()) {
      long n = gram.size(0);
      Tensor squares = gram.diagonal(0, 0, 1);
      Tensor empty = squares.le(0.0);
      Tensor scale = squares.maskedFill(empty, 1.0).rsqrt().maskedFill(empty, 0.0);
      // A zero row is uncoupled from the others; a one on its diagonal keeps the matrix invertible.
      Tensor zeros = empty.to(DType.FLOAT64);
      Tensor k = gram.mul(scale.unsqueeze(1)).mul(scale).add(zeros.diagEmbed());
      Tensor identity = Tensor.eye(n, DType.FLOAT64, gram.device());
      Tensor threshold = largest(k).mul(cutoff);
      Tensor sign = sign(k.sub(identity.mul(threshold)), steps(n, cutoff));
      Tensor projector = identity.add(sign).mul(0.5);
      Tensor kept = projector.matmul(k).matmul(projector).add(identity).sub(projector);
      Tensor lower = Objects.requireNonNull(CHOLESKY.callAll(symmetric(kept), false, false).get(0));
      Tensor inverse = lower.solveTriangular(identity, false);
      Tensor factor = projector.matmul(inverse.t()).mul(scale.unsqueeze(1));
      // Zero rows have a place in the projector and none in the factor.
      Tensor rank = projector.diagonal(0, 0, 1).sum().sub(zeros.sum()).round();
      // Adding zero times the norm makes NaN of what is not finite.
      return new SpectralFactor(
          scope.keep(factor), scope.keep(rank.add(gram.sum().mul(0.0)).add(sign.sum().mul(0.0))));
    }
  }

  /** An eigenvalue's estimate: that of a high power, of which the largest one is left. */
  private static Tensor largest(Tensor matrix) {
    Tensor power = matrix.div(matrix.norm());
    for (int i = 0; i < SQUARINGS; i++) {
      Tensor square = power.matmul(power);
      power = square.div(square.norm());
    }
    return matrix.mul(power).sum().div(power.diagonal(0, 0, 1).sum());
  }

  /** How many steps carry the least difference that counts up to the size of one. */
  private static int steps(long n, double cutoff) {
    double least = Math.max(1e-16, RESOLUTION * cutoff / Math.sqrt((double) n));
    return (int) Math.ceil(-Math.log(least) / Math.log(FIRST)) + 1;
  }

  private static Tensor sign(Tensor matrix, int steps) {
    Tensor x = matrix.div(matrix.norm());
    for (int i = 0; i < steps; i++) {
      Tensor square = x.matmul(x);
      Tensor rest = square.addmm(square, square, THIRD, FIFTH);
      x = symmetric(x.addmm(rest, x, FIRST, 1));
    }
    for (int i = 0; i < LAST_STEPS; i++) {
      x = symmetric(x.addmm(x.matmul(x), x, 1.5, -0.5));
    }
    return x;
  }

  // Rounding that is not symmetric would grow.
  private static Tensor symmetric(Tensor matrix) {
    return matrix.add(matrix.t()).mul(0.5);
  }
}
