package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of {@link LayerNorm}, {@link GroupNorm} and {@link RmsNorm}.
 *
 * <p>Examples are seen as [B, 1, units, parts, positions], where each unit is normalised over its
 * parts and positions; the dimension of 1 is for groups of cotangents. With normalised values n and
 * inverse deviation r, the derivative of the normalisation is {@code J v = r (v - mean(v) - n
 * mean(n v))} (without {@code mean(v)} where nothing is centred), which is symmetric. Its tangent
 * along {@code t} follows from {@code n' = J t} and {@code r' = -r^2 mean(n t)}.
 */
final class NormTape extends Tape {
  private static final long[] UNIT = {3, 4};

  private final Tensor weight;
  private final @Nullable Tensor bias;
  private final boolean centred;
  private final double epsilon;
  // Units share the parameters (layer norm), or each has its own (group norm).
  private final boolean shared;
  private final long units;
  private final long parts;
  private final long[] summed;
  private long[] shape = {};
  private @Nullable Tensor normalised;
  private @Nullable Tensor inverse;
  private @Nullable Tensor normalisedTangent;
  private @Nullable Tensor inverseTangent;

  private NormTape(
      List<Tensor> parameters,
      boolean centred,
      double epsilon,
      boolean shared,
      long units,
      long parts) {
    this.units = units;
    this.parts = parts;
    this.shared = shared;
    this.weight = spread(parameters.get(0));
    this.bias = parameters.size() == 1 ? null : spread(parameters.get(1));
    this.centred = centred;
    this.epsilon = epsilon;
    this.summed = shared ? new long[] {2, 4} : new long[] {4};
  }

  static NormTape of(LayerNorm layer, List<Tensor> parameters) {
    return new NormTape(parameters, true, layer.epsilon(), true, -1, layer.features());
  }

  static NormTape of(RmsNorm layer, List<Tensor> parameters) {
    return new NormTape(parameters, false, layer.epsilon(), true, -1, layer.features());
  }

  static NormTape of(GroupNorm layer, List<Tensor> parameters) {
    long parts = layer.channels() / layer.groups();
    return new NormTape(parameters, true, layer.epsilon(), false, layer.groups(), parts);
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(weight, bias, normalised, inverse);
  }

  @Override
  Tensor forward(Tensor inputs) {
    shape = inputs.shape();
    Tensor seen = units(inputs, 1);
    Tensor values = centred ? seen.sub(seen.mean(UNIT, true)) : seen;
    Tensor factor = values.square().mean(UNIT, true).add_(epsilon).rsqrt();
    Tensor result = values.mul(factor);
    normalised = result;
    inverse = factor;
    return (bias == null ? result.mul(weight) : bias.addcmul(result, weight, 1)).view(shape);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    return derivative(units(cotangent, groups).mul(weight)).view(cotangent.shape());
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    Tensor seen = units(cotangent, 1);
    slots.get(0).copy_(sumOfRows(seen.mul(savedNormalised())));
    if (bias != null) {
      slots.get(1).copy_(sumOfRows(seen));
    }
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    Tensor seen = units(cotangent, groups);
    long count = cotangent.size(0);
    rows.get(0).copy_(seen.mul(savedNormalised()).sum(summed, false).view(count, -1));
    if (bias != null) {
      rows.get(1).copy_(seen.sum(summed, false).view(count, -1));
    }
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    Tensor values = savedNormalised();
    Tensor scale = spread(directions.perExample(0));
    Tensor result =
        bias == null
            ? values.mul(scale)
            : spread(directions.perExample(1)).addcmul(values, scale, 1);
    normalisedTangent = null;
    inverseTangent = null;
    if (tangent != null) {
      Tensor seen = units(tangent, 1);
      Tensor moved = derivative(seen);
      normalisedTangent = moved;
      // r' / r
      inverseTangent = values.mul(seen).mean(UNIT, true).mul_(savedInverse()).neg_();
      result.addcmul_(moved, weight, 1);
    }
    return result.view(shape);
  }

  @Override
  List<@Nullable Tensor> savedTangents() {
    return Arrays.asList(normalisedTangent, inverseTangent);
  }

  @Override
  Tensor backwardTangent(Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    Tensor seen = units(cotangent, 1);
    Tensor moving = seen.mul(spread(directions.perExample(0)));
    if (tangent != null) {
      moving.addcmul_(units(tangent, 1), weight, 1);
    }
    Tensor result = derivative(moving);
    if (normalisedTangent != null) {
      Tensor values = savedNormalised();
      Tensor still = seen.mul(weight);
      Tensor bent =
          normalisedTangent
              .mul(still.mul(values).mean(UNIT, true))
              .addcmul_(values, still.mul(normalisedTangent).mean(UNIT, true), 1);
      result.addcmul_(bent, savedInverse(), -1);
      result.addcmul_(derivative(still), Objects.requireNonNull(inverseTangent), 1);
    }
    return result.view(cotangent.shape());
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    if (tangent == null) {
      slots.forEach(Tensor::zero_);
    } else {
      gradient(tangent, slots);
    }
    if (normalisedTangent != null) {
      slots.get(0).add_(sumOfRows(units(cotangent, 1).mul(normalisedTangent)));
    }
  }

  /** {@code J v} for v [B, groups, units, parts, positions]. */
  private Tensor derivative(Tensor v) {
    Tensor values = savedNormalised();
    Tensor result = v.addcmul(values, v.mul(values).mean(UNIT, true), -1);
    if (centred) {
      result.sub_(v.mean(UNIT, true));
    }
    return result.mul_(savedInverse());
  }

  /** The sum over the batch and what shares a parameter, flat. */
  private Tensor sumOfRows(Tensor values) {
    long[] dims = shared ? new long[] {0, 1, 2, 4} : new long[] {0, 1, 4};
    return values.sum(dims, false).flatten();
  }

  /** A parameter for each example or for all, [1 or B, 1, 1 or units, parts, 1]. */
  private Tensor spread(Tensor parameter) {
    return parameter.view(-1, 1, shared ? 1 : units, parts, 1);
  }

  private Tensor units(Tensor values, long groups) {
    long batch = values.size(0) / groups;
    return shared
        ? values.reshape(batch, groups, -1, parts, 1)
        : values.reshape(batch, groups, units, parts, -1);
  }

  private Tensor savedNormalised() {
    return Objects.requireNonNull(normalised, "forward has not run");
  }

  private Tensor savedInverse() {
    return Objects.requireNonNull(inverse, "forward has not run");
  }
}
