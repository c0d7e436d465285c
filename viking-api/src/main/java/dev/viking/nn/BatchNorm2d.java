package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation of images, as it is used after training unless {@link
 * BatchStatistics#training} says otherwise: {@code y = (x - mean) / sqrt(variance + epsilon) *
 * weight + bias} for each channel, with a mean and a variance that are constants of the model. So
 * an example's output depends on that example only, the layer is affine, and rows of Jacobians are
 * well defined. {@link BatchStatistics} reads, replaces and estimates the constants.
 *
 * <p>Its parameters are {@code name.weight} and {@code name.bias}, both [channels]. Immutable.
 */
public final class BatchNorm2d implements Layer {
  /** What PyTorch and Flax add to the variance unless told otherwise. */
  public static final double DEFAULT_EPSILON = 1e-5;

  private static final long[] BATCH_AND_PLANE = {0, 2, 3};

  private final String name;
  private final long channels;
  private final double epsilon;
  private final ChannelStatistics statistics;
  private final boolean ofBatch;

  /**
   * A layer with mean 0 and variance 1, and the usual epsilon.
   *
   * @param name prefix of its parameters' names, and its own
   * @param channels number of channels, at least 1
   * @throws ArgumentException when it is less
   */
  public BatchNorm2d(String name, long channels) {
    this(name, channels, DEFAULT_EPSILON);
  }

  /**
   * A layer with mean 0 and variance 1.
   *
   * @param name prefix of its parameters' names, and its own
   * @param channels number of channels, at least 1
   * @param epsilon what is added to the variance, at least 0
   * @throws ArgumentException when a number is out of its range
   */
  public BatchNorm2d(String name, long channels, double epsilon) {
    this(name, channels, epsilon, null, false);
  }

  private BatchNorm2d(
      String name,
      long channels,
      double epsilon,
      @Nullable ChannelStatistics statistics,
      boolean ofBatch) {
    Checks.positive("BatchNorm2d", "channels", channels);
    Checks.epsilon("BatchNorm2d", epsilon);
    this.name = name;
    this.channels = channels;
    this.epsilon = epsilon;
    this.statistics =
        statistics == null ? ChannelStatistics.standard(Math.toIntExact(channels)) : statistics;
    this.ofBatch = ofBatch;
  }

  /**
   * The same layer with other constants.
   *
   * @param other mean and variance of each channel
   * @return the layer
   * @throws ArgumentException when their number is not that of the channels
   */
  public BatchNorm2d withStatistics(ChannelStatistics other) {
    if (other.channels() != channels) {
      throw new ArgumentException(
          "BatchNorm2d.withStatistics \""
              + name
              + "\": statistics of "
              + other.channels()
              + " channels given, of "
              + channels
              + " needed");
    }
    return new BatchNorm2d(name, channels, epsilon, other, false);
  }

  /** The same layer normalising with the statistics of the batch it sees. */
  BatchNorm2d training() {
    return new BatchNorm2d(name, channels, epsilon, statistics, true);
  }

  /**
   * Whether the layer normalises with the statistics of the batch it sees, as in training.
   *
   * @return false for one that normalises with its constants
   */
  public boolean isTraining() {
    return ofBatch;
  }

  /**
   * The layer's name.
   *
   * @return the prefix of its parameters' names
   */
  public String name() {
    return name;
  }

  /**
   * Number of channels.
   *
   * @return at least 1
   */
  public long channels() {
    return channels;
  }

  /**
   * What is added to the variance.
   *
   * @return at least 0
   */
  public double epsilon() {
    return epsilon;
  }

  /**
   * The constants.
   *
   * @return mean and variance of each channel
   */
  public ChannelStatistics statistics() {
    return statistics;
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(
        new Parameter(name + ".weight", Parameter.Kind.NORM_SCALE, 1, channels),
        new Parameter(name + ".bias", Parameter.Kind.NORM_SHIFT, 1, channels));
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    Checks.channels("BatchNorm2d \"" + name + "\"", channels, inputShape, 3);
    return inputShape.clone();
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    Tensor weight = parameters.get(0);
    if (ofBatch) {
      // From primitives, so that it can be differentiated in every mode.
      Tensor apart = inputs.sub(inputs.mean(BATCH_AND_PLANE, true));
      Tensor variance = apart.square().mean(BATCH_AND_PLANE, true);
      return scaled(
          apart.mul(variance.add(epsilon).rsqrt()),
          weight.view(1, channels, 1, 1),
          parameters.get(1).view(1, channels, 1, 1));
    }
    Tensor scale = weight.mul(inverseDeviations(weight));
    Tensor shift = parameters.get(1).sub(weight.mul(scaledMeans(weight)));
    return scaled(inputs, scale.view(1, channels, 1, 1), shift.view(1, channels, 1, 1));
  }

  /** {@code x scale + shift}. */
  static Tensor scaled(Tensor inputs, Tensor scale, Tensor shift) {
    return shift.addcmul(inputs, scale, 1);
  }

  /** 1 / sqrt(variance + epsilon), [channels]. */
  Tensor inverseDeviations(Tensor like) {
    double[] values = statistics.variance();
    Arrays.setAll(values, i -> 1 / Math.sqrt(values[i] + epsilon));
    return constant(values, like);
  }

  /** mean / sqrt(variance + epsilon), [channels]. */
  Tensor scaledMeans(Tensor like) {
    double[] values = statistics.variance();
    double[] mean = statistics.mean();
    Arrays.setAll(values, i -> mean[i] / Math.sqrt(values[i] + epsilon));
    return constant(values, like);
  }

  private static Tensor constant(double[] values, Tensor like) {
    return Tensor.of(values).to(like.dtype()).to(like.device());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof BatchNorm2d that
        && name.equals(that.name)
        && channels == that.channels
        && epsilon == that.epsilon
        && ofBatch == that.ofBatch
        && statistics.equals(that.statistics);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + statistics.hashCode();
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "BatchNorm2d[name=%s, channels=%d, epsilon=%s%s]",
        name,
        channels,
        epsilon,
        ofBatch ? ", training" : "");
  }
}
