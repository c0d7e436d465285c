package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.Rng;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Dropout (Srivastava et al. 2014): in first-order training each number is zero with a probability,
 * and the others are divided by one minus it, so that the expectation is the number.
 *
 * <p>Everywhere else the layer is the identity: in predictions, and in Jacobians, expectations and
 * projections of posteriors, whose rows belong to one function. {@link #training} makes the model
 * of one step of training; its masks depend on a key alone, so a resumed run has the same. Methods
 * and {@code VikingTrainer} do that in the stages that train a network by gradients of its loss,
 * and in no other: the noise of a posterior's own stages is the posterior's.
 *
 * <p>Immutable.
 */
public final class Dropout implements Layer {
  private final double rate;
  private final @Nullable Long key;

  /**
   * A layer.
   *
   * @param rate the probability of zero, from 0 to below 1
   * @throws ArgumentException when it is another number
   */
  public Dropout(double rate) {
    this(rate, null);
  }

  private Dropout(double rate, @Nullable Long key) {
    if (!(rate >= 0 && rate < 1)) {
      throw new ArgumentException(
          "Dropout: rate is " + rate + "; a number of at least 0 and below 1 is needed");
    }
    this.rate = rate;
    this.key = key;
  }

  /**
   * The model of one step of training.
   *
   * @param model any model
   * @param key decides the masks: one for each example of a batch and each layer
   * @return a model with the same parameters whose dropout layers drop; the model itself when it
   *     has none
   */
  public static Model training(Model model, long key) {
    if (!(model instanceof Sequential sequential)
        || sequential.allLayers().noneMatch(Dropout.class::isInstance)) {
      return model;
    }
    SplittableRandom keys = new SplittableRandom(key);
    return sequential.withEach(
        layer -> layer instanceof Dropout dropout ? dropout.training(keys.nextLong()) : layer);
  }

  /** The same layer with the masks of a key. */
  Dropout training(long masks) {
    return new Dropout(rate, masks);
  }

  /**
   * Whether the layer drops.
   *
   * @return false for one that is the identity
   */
  public boolean isTraining() {
    return key != null;
  }

  /**
   * The probability of zero.
   *
   * @return from 0 to below 1
   */
  public double rate() {
    return rate;
  }

  /** What a layer in training multiplies the numbers with: 0 or 1 / (1 - rate). */
  Tensor mask(Tensor inputs) {
    long seed = Objects.requireNonNull(key, "the layer does not drop");
    try (Rng rng = Rng.seeded(seed, inputs.device())) {
      return Tensor.bernoulli(rng, 1 - rate, inputs.dtype(), inputs.shape()).div_(1 - rate);
    }
  }

  @Override
  public List<Parameter> parameters() {
    return List.of();
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    return inputShape.clone();
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return key == null ? inputs.reshape(inputs.shape()) : inputs.mul(mask(inputs));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Dropout that
        && rate == that.rate
        && (key == null ? that.key == null : key.equals(that.key));
  }

  @Override
  public int hashCode() {
    return Double.hashCode(rate);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "Dropout[rate=%s%s]", rate, key == null ? "" : ", training");
  }
}
