package dev.viking.serving;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.StackedNetwork;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/**
 * Storage for the results of a predictor, used again by every call: made once with {@link
 * CompiledPredictor#prediction(int)}, for at most so many inputs. Reading allocates nothing.
 *
 * <p>For one thread at a time. Its native memory (a few bytes for each input and output) goes with
 * the object.
 */
public final class Prediction {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  private final int capacity;
  private final int features;
  private final int outputs;
  private final Likelihood likelihood;
  final MemorySegment inputs;
  final MemorySegment targets;
  final MemorySegment error;
  private final MemorySegment mean;
  private final MemorySegment variance;
  private final MemorySegment probabilities;
  private final MemorySegment entropy;
  private final MemorySegment mutualInformation;
  private int count;

  Prediction(int capacity, int features, int outputs, Likelihood likelihood) {
    if (capacity < 1) {
      throw new ArgumentException(
          "CompiledPredictor.prediction: room for " + capacity + " inputs; at least 1 is needed");
    }
    this.capacity = capacity;
    this.features = features;
    this.outputs = outputs;
    this.likelihood = likelihood;
    boolean has = likelihood.hasProbabilities();
    long cells = 4L * capacity * outputs;
    long inputBytes = 4L * capacity * features;
    MemorySegment all =
        Arena.ofAuto()
            .allocate(
                inputBytes
                    + 3 * cells
                    + 8L * capacity
                    + StackedNetwork.TARGETS_BYTES
                    + StackedNetwork.ERROR_BYTES
                    + 512,
                64);
    SegmentAllocator parts = SegmentAllocator.slicingAllocator(all);
    inputs = parts.allocate(inputBytes, 64);
    targets = parts.allocate(StackedNetwork.TARGETS_BYTES, 8);
    error = parts.allocate(StackedNetwork.ERROR_BYTES, 8);
    mean = parts.allocate(cells, 64);
    variance = parts.allocate(cells, 64);
    probabilities = has ? parts.allocate(cells, 64) : MemorySegment.NULL;
    entropy = has ? parts.allocate(4L * capacity, 64) : MemorySegment.NULL;
    mutualInformation = has ? parts.allocate(4L * capacity, 64) : MemorySegment.NULL;
    StackedNetwork.target(targets, mean, variance, probabilities, entropy, mutualInformation);
  }

  /**
   * Most inputs that one call may have.
   *
   * @return at least 1
   */
  public int capacity() {
    return capacity;
  }

  /**
   * Inputs of the last call.
   *
   * @return 0 before the first
   */
  public int count() {
    return count;
  }

  /**
   * Outputs for each input.
   *
   * @return C
   */
  public int outputs() {
    return outputs;
  }

  /**
   * What the outputs mean.
   *
   * @return the likelihood
   */
  public Likelihood likelihood() {
    return likelihood;
  }

  /**
   * Mean of an output over the samples (of a logit, for classifiers); of a linearised predictor the
   * output at the posterior mean.
   *
   * @param input which input
   * @param output which output
   * @return the mean
   * @throws ArgumentException when there is no such input or output
   */
  public float mean(int input, int output) {
    return mean.getAtIndex(FLOAT, at(input, output));
  }

  /**
   * Variance of an output over the samples, divisor S - 1; 0 for a single sample. Of a linearised
   * predictor about the output at the posterior mean, divisor S.
   *
   * @param input which input
   * @param output which output
   * @return the variance
   * @throws ArgumentException when there is no such input or output
   */
  public float variance(int input, int output) {
    return variance.getAtIndex(FLOAT, at(input, output));
  }

  /**
   * The predictive probability of a class: the mean over the samples.
   *
   * @param input which input
   * @param output which class
   * @return from 0 to 1
   * @throws ArgumentException when there is no such input or output, or no probabilities
   */
  public float probability(int input, int output) {
    return probabilities.getAtIndex(FLOAT, at(requireProbabilities(input), output));
  }

  /**
   * Entropy of the predictive distribution.
   *
   * @param input which input
   * @return nats
   * @throws ArgumentException when there is no such input, or no probabilities
   */
  public float entropy(int input) {
    return entropy.getAtIndex(FLOAT, at(requireProbabilities(input), 0) / outputs);
  }

  /**
   * What the samples disagree about: the predictive entropy less their own mean entropy.
   *
   * @param input which input
   * @return nats, not negative
   * @throws ArgumentException when there is no such input, or no probabilities
   */
  public float mutualInformation(int input) {
    return mutualInformation.getAtIndex(FLOAT, at(requireProbabilities(input), 0) / outputs);
  }

  /** Takes over one input's results from another prediction; both are of one predictor. */
  void copyFrom(Prediction other, int input, int to) {
    long cells = 4L * outputs;
    MemorySegment.copy(other.mean, cells * input, mean, cells * to, cells);
    MemorySegment.copy(other.variance, cells * input, variance, cells * to, cells);
    if (likelihood.hasProbabilities()) {
      MemorySegment.copy(other.probabilities, cells * input, probabilities, cells * to, cells);
      MemorySegment.copy(other.entropy, 4L * input, entropy, 4L * to, 4);
      MemorySegment.copy(other.mutualInformation, 4L * input, mutualInformation, 4L * to, 4);
    }
  }

  MemorySegment meanMemory() {
    return mean;
  }

  MemorySegment varianceMemory() {
    return variance;
  }

  MemorySegment probabilityMemory() {
    return probabilities;
  }

  MemorySegment entropyMemory() {
    return entropy;
  }

  MemorySegment mutualInformationMemory() {
    return mutualInformation;
  }

  void count(int inputsOfCall) {
    count = inputsOfCall;
  }

  int features() {
    return features;
  }

  /** Throws unless so many inputs fit. */
  void require(int inputsOfCall) {
    if (inputsOfCall < 0 || inputsOfCall > capacity) {
      throw new ArgumentException(
          "CompiledPredictor.predict: "
              + inputsOfCall
              + " inputs; this prediction has room for "
              + capacity);
    }
  }

  private long at(int input, int output) {
    if (input < 0 || input >= count || output < 0 || output >= outputs) {
      throw new ArgumentException(
          "Prediction: input "
              + input
              + " of "
              + count
              + ", output "
              + output
              + " of "
              + outputs
              + " does not exist");
    }
    return (long) input * outputs + output;
  }

  private int requireProbabilities(int input) {
    if (!likelihood.hasProbabilities()) {
      throw new ArgumentException("Prediction: a regression has no probabilities or entropies");
    }
    return input;
  }
}
