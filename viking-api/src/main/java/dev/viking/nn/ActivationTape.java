package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of {@link Activation}. With slope s'(z), the cotangent of z is {@code s'(z) d}, and
 * its tangent {@code s'(z) Rd + s''(z) d Rz}.
 */
final class ActivationTape extends Tape {
  // gelu_tanh(z) = z (1 + tanh(u)) / 2 with u = ROOT (z + CUBIC z^3).
  private static final double ROOT = Math.sqrt(2 / Math.PI);
  private static final double CUBIC = 0.044715;
  // The standard normal density at 0.
  private static final double DENSITY = 1 / Math.sqrt(2 * Math.PI);

  private final Activation function;
  private @Nullable Tensor saved;
  private @Nullable Tensor tangents;

  ActivationTape(Activation function) {
    this.function = function;
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Collections.singletonList(saved);
  }

  @Override
  Tensor forward(Tensor inputs) {
    Tensor result = function.apply(inputs);
    saved = function.isKnownByValue() ? result : inputs;
    return result;
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    Tensor known = known();
    if (groups == 1) {
      return slope(cotangent, known);
    }
    long[] grouped = grouped(known, groups);
    Tensor repeated = known.unsqueeze(1);
    if (function == Activation.GELU) {
      // libtorch's kernel does not repeat.
      repeated = repeated.expand(grouped).contiguous();
    }
    return slope(cotangent.reshape(grouped), repeated).flatten(0, 1);
  }

  @Override
  @Nullable Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    // The derivative is symmetric, so the rule is that of the backward pass. The second derivative
    // follows from the tangent of what is saved.
    Tensor result = tangent == null ? null : slope(tangent, known());
    tangents = function.isKnownByValue() ? result : tangent;
    return result;
  }

  @Override
  List<@Nullable Tensor> savedTangents() {
    return Collections.singletonList(tangents);
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    Tensor result = tangent == null ? null : slope(tangent, known());
    if (tangents == null || function.isPiecewiseLinear()) {
      return result;
    }
    if (function == Activation.TANH) {
      Tensor bent = known().mul(cotangent);
      return result == null ? bent.mul_(tangents).mul_(-2) : result.addcmul_(bent, tangents, -2);
    }
    Tensor bent = curvature(known()).mul_(cotangent);
    return result == null ? bent.mul_(tangents) : result.addcmul_(bent, tangents, 1);
  }

  /** {@code s'(z) d}, from what was saved. */
  private Tensor slope(Tensor cotangent, Tensor known) {
    return switch (function) {
      case TANH -> NativeOps.TANH_BACKWARD.call(cotangent, known);
      case RELU -> NativeOps.THRESHOLD_BACKWARD.call(cotangent, known, 0);
      case GELU_TANH -> NativeOps.GELU_BACKWARD.call(cotangent, known, "tanh");
      case SILU -> NativeOps.SILU_BACKWARD.call(cotangent, known);
      case GELU -> NativeOps.GELU_BACKWARD.call(cotangent, known, "none");
      case ELU -> NativeOps.ELU_BACKWARD.call(cotangent, 1, 1, 1, false, known);
      case SOFTPLUS -> NativeOps.SOFTPLUS_BACKWARD.call(cotangent, known, 1, 20);
      case SIGMOID -> NativeOps.SIGMOID_BACKWARD.call(cotangent, known);
      case LEAKY_RELU ->
          NativeOps.LEAKY_RELU_BACKWARD.call(cotangent, known, Activation.LEAK, false);
      case HARD_TANH -> NativeOps.HARD_TANH_BACKWARD.call(cotangent, known, -1, 1);
      // libtorch's own take 1/6 as a float in double precision.
      case HARD_SIGMOID -> cotangent.div(6).mul_(known.abs().lt(3));
      case HARD_SWISH -> {
        Tensor inside = known.mul(known.abs().lt(3)).div_(6);
        yield cotangent.mul(inside.add_(Activation.hardSigmoid(known)));
      }
    };
  }

  /**
   * What {@code d Rz} (for sigmoid: {@code d Ry}) is multiplied with in the curved term, a fresh
   * tensor.
   */
  private Tensor curvature(Tensor known) {
    return switch (function) {
      case GELU_TANH -> geluTanh(known);
      case SILU -> {
        // s = sigmoid(z): s (1 - s) (2 + z (1 - 2 s))
        Tensor s = known.sigmoid();
        Tensor slope = s.mul(s.rsub(1.0));
        yield s.mul(-2.0).add_(1).mul_(known).add_(2).mul_(slope);
      }
      case GELU -> {
        // phi(z) (2 - z^2)
        Tensor square = known.square();
        yield square.mul(-0.5).exp_().mul_(square.rsub(2.0)).mul_(DENSITY);
      }
      case ELU -> known.clampMax(0).exp_().mul_(known.lt(0));
      case SOFTPLUS -> {
        Tensor s = known.sigmoid();
        yield s.rsub(1.0).mul_(s);
      }
      case SIGMOID -> known.mul(-2.0).add_(1);
      case HARD_SWISH -> known.abs().lt(3).to(known.dtype()).div_(3);
      case TANH, RELU, LEAKY_RELU, HARD_TANH, HARD_SIGMOID ->
          throw new IllegalStateException(function + " has no curvature of its own");
    };
  }

  private static Tensor geluTanh(Tensor z) {
    // (1 - t^2) (u' + z/2 u'' - z t u'^2) with u' = ROOT (1 + 3 CUBIC z^2), u'' = 6 ROOT CUBIC z
    Tensor square = z.square();
    Tensor t = square.mul(ROOT * CUBIC).add_(ROOT).mul_(z).tanh();
    Tensor first = square.mul(3 * ROOT * CUBIC).add_(ROOT);
    Tensor last = z.mul(t).mul_(first).mul_(first);
    Tensor sum = first.addScaled_(square, 3 * ROOT * CUBIC).sub_(last);
    return sum.mul_(t.square().rsub(1.0));
  }

  /**
   * The outputs for tanh and sigmoid, whose derivatives are polynomials in them, and the inputs for
   * the others.
   */
  private Tensor known() {
    return Objects.requireNonNull(saved, "forward has not run");
  }
}
