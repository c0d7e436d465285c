package dev.viking.examples;

import dev.viking.func.Func;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/** The Jacobian of a Java lambda, by reverse and by forward mode. */
public final class JacobianOfLambda {
  private JacobianOfLambda() {}

  /**
   * Maps polar to Cartesian coordinates.
   *
   * @param polar [2]: radius and angle
   * @return [2]: x and y; belongs to the current scope
   */
  public static Tensor cartesian(Tensor polar) {
    Tensor radius = polar.select(0, 0);
    Tensor angle = polar.select(0, 1);
    return Tensor.stack(List.of(angle.cos().mul(radius), angle.sin().mul(radius)), 0);
  }

  /**
   * Prints the Jacobian at radius 2 and angle 0.5, both ways.
   *
   * @param args ignored
   */
  public static void main(String[] args) {
    try (Scope _ = Scope.open()) {
      Tensor point = Tensor.of(2.0, 0.5);
      Tensor reverse = Func.jacrev(JacobianOfLambda::cartesian, point);
      Tensor forward = Func.jacfwd(JacobianOfLambda::cartesian, point);
      System.out.println("jacrev " + Arrays.toString(reverse.toDoubleArray()));
      System.out.println("jacfwd " + Arrays.toString(forward.toDoubleArray()));
    }
  }
}
