package dev.viking.nn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The order in which the layers of a {@link Sequential} are evaluated, with residual connections
 * taken apart.
 *
 * <p>NOTE [Values of a plan] Value 0 is the network's input and value i + 1 the output of step i. A
 * step reads one earlier value, or adds two. Derivatives walk over the same values: a tangent
 * belongs to each on the way forward, a cotangent on the way back, where the contributions of all
 * steps that read a value add up. Values that no parameter reaches have neither.
 */
final class Plan {
  private static final List<Parameter> NONE = List.of();

  private final List<Step> steps = new ArrayList<>();
  private final List<Boolean> moves = new ArrayList<>();

  /**
   * One step: a layer, or the sum of two values.
   *
   * @param layer null for a sum
   * @param input number of the value it reads
   * @param addend number of the other value of a sum, equal to {@code input} for a layer
   */
  record Step(@Nullable Layer layer, int input, int addend) {
    /** The layer's parameters; none for a sum. */
    List<Parameter> parameters() {
      return layer == null ? NONE : layer.parameters();
    }

    boolean hasParameters() {
      return !parameters().isEmpty();
    }
  }

  Plan(List<Layer> layers) {
    moves.add(false);
    append(layers, 0);
  }

  List<Step> steps() {
    return steps;
  }

  /** Whether a value changes with the parameters. */
  boolean moves(int value) {
    return moves.get(value);
  }

  /** Appends a chain and returns the number of its result. */
  private int append(List<Layer> layers, int input) {
    int value = input;
    for (Layer layer : Sequential.evaluationOrder(layers)) {
      if (layer instanceof Residual residual) {
        int main = append(residual.body(), value);
        int beside = append(residual.shortcut(), value);
        value = add(new Step(null, main, beside));
      } else {
        value = add(new Step(layer, value, value));
      }
    }
    return value;
  }

  private int add(Step step) {
    steps.add(step);
    moves.add(step.hasParameters() || moves(step.input()) || moves(step.addend()));
    return steps.size();
  }
}
