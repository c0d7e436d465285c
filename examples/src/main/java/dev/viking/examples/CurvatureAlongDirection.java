package dev.viking.examples;

import dev.viking.func.Func;
import dev.viking.func.Hvp;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** Value, slope and curvature of a function along a direction, from one Hessian-vector product. */
public final class CurvatureAlongDirection {
  private CurvatureAlongDirection() {}

  /**
   * Rosenbrock's function (1 - x)^2 + 100 (y - x^2)^2.
   *
   * @param point [2]
   * @return 0-dimensional; belongs to the current scope
   */
  public static Tensor rosenbrock(Tensor point) {
    Tensor x = point.select(0, 0);
    Tensor y = point.select(0, 1);
    return x.rsub(1.0).square().add(y.sub(x.square()).square().mul(100.0));
  }

  /**
   * Value, slope and curvature along a direction.
   *
   * @param point [2]
   * @param direction [2]
   * @return the three numbers
   */
  public static double[] along(Tensor point, Tensor direction) {
    try (Scope _ = Scope.open()) {
      Hvp at = Func.hvp(CurvatureAlongDirection::rosenbrock, point, direction);
      return new double[] {
        at.value().item(), at.gradient().dot(direction).item(), at.product().dot(direction).item()
      };
    }
  }

  /**
   * Prints the three numbers at (-1, 1) along (1, 0).
   *
   * @param args ignored
   */
  public static void main(String[] args) {
    try (Scope _ = Scope.open()) {
      double[] found = along(Tensor.of(-1.0, 1.0), Tensor.of(1.0, 0.0));
      System.out.printf("value %.1f, slope %.1f, curvature %.1f%n", found[0], found[1], found[2]);
    }
  }
}
