package dev.viking.examples;

import dev.viking.func.Func;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.KernelProjection;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The network f(x) = w1 ReLU(w2 x), whose weights can be moved without changing it: (w1 c, w2 / c)
 * is the same function. The walk finds this without being told, by following the kernel of the
 * Jacobian of its outputs; a straight line along the same direction leaves the curve, and the
 * function changes.
 *
 * @param walk the weights on the way, along the kernel
 * @param line the weights at the same lengths, straight on
 */
record KernelWalk(List<Weights> walk, List<Weights> line) {
  private static final double[] INPUTS = {-1, 0.5, 1, 2};

  /**
   * The network's two weights.
   *
   * @param outer w1
   * @param inner w2
   */
  record Weights(double outer, double inner) {
    /** f(x). */
    double output(double x) {
      return outer * Math.max(0, inner * x);
    }
  }

  /**
   * Walks in equal steps, by the classical Runge-Kutta method.
   *
   * @param start where to begin; the inner weight is positive
   * @param length of the way
   * @param steps how many
   */
  static KernelWalk from(Weights start, double length, int steps) {
    List<Weights> walk = new ArrayList<>(List.of(start));
    List<Weights> line = new ArrayList<>(List.of(start));
    try (Scope _ = Scope.open()) {
      Tensor inputs = Tensor.of(INPUTS);
      // Towards larger outer weights.
      Tensor forward = direction(inputs, Tensor.of(start.outer(), start.inner()), Tensor.of(1., 0));
      Tensor first = forward;
      Tensor at = Tensor.of(start.outer(), start.inner());
      double h = length / steps;
      for (int i = 1; i <= steps; i++) {
        Tensor k1 = direction(inputs, at, forward);
        Tensor k2 = direction(inputs, at.addScaled(k1, h / 2), k1);
        Tensor k3 = direction(inputs, at.addScaled(k2, h / 2), k2);
        Tensor k4 = direction(inputs, at.addScaled(k3, h), k3);
        at = at.addScaled(k1.add(k4).addScaled(k2.add(k3), 2), h / 6);
        forward = k4;
        walk.add(weights(at));
        line.add(weights(Tensor.of(start.outer(), start.inner()).addScaled(first, i * h)));
      }
    }
    return new KernelWalk(List.copyOf(walk), List.copyOf(line));
  }

  /** The unit vector of the kernel at some weights that goes on as another one did. */
  private static Tensor direction(Tensor inputs, Tensor weights, Tensor before) {
    Tensor jacobian =
        Func.jacrev(w -> inputs.mul(w.select(0, 1)).relu().mul(w.select(0, 0)), weights);
    Tensor kernel =
        KernelProjection.of(jacobian, new ExactSolver())
            .project(before.unsqueeze(0))
            .kernel()
            .select(0, 0);
    return kernel.div(kernel.norm());
  }

  private static Weights weights(Tensor values) {
    double[] numbers = values.toDoubleArray();
    return new Weights(numbers[0], numbers[1]);
  }

  /** The largest change of an output between the start and a place on a way. */
  static double change(List<Weights> way, int step) {
    double most = 0;
    for (double x : INPUTS) {
      most = Math.max(most, Math.abs(way.get(step).output(x) - way.getFirst().output(x)));
    }
    return most;
  }
}
