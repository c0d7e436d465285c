package dev.viking.func;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.Transforms;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How {@code vmap} batches. Immutable; each method returns a changed copy, so start from {@link
 * #defaults}.
 */
public final class VmapOptions {
  private static final VmapOptions DEFAULTS =
      new VmapOptions(null, new long[] {0}, 0, Randomness.ERROR);

  private final @Nullable Integer @Nullable [] inDims;
  private final long[] outDims;
  private final long chunkSize;
  private final Randomness randomness;

  private VmapOptions(
      @Nullable Integer @Nullable [] inDims,
      long[] outDims,
      long chunkSize,
      Randomness randomness) {
    this.inDims = inDims;
    this.outDims = outDims;
    this.chunkSize = chunkSize;
    this.randomness = randomness;
  }

  /**
   * All inputs and outputs batched along dimension 0, all examples at once, random operators
   * refused.
   *
   * @return the options
   */
  public static VmapOptions defaults() {
    return DEFAULTS;
  }

  /**
   * All options at once.
   *
   * @param inDims the batched dimension of each input; null where all examples share the input
   * @param outDims where each output's batch dimension goes, or one entry for all
   * @param chunkSize how many examples at a time; 0 for all
   * @param randomness what random operators do
   * @return the options
   * @throws ArgumentException when the chunk size is negative or there is no output dimension
   */
  public static VmapOptions of(
      @Nullable Integer[] inDims, int[] outDims, long chunkSize, Randomness randomness) {
    return defaults().inDims(inDims).outDims(outDims).chunkSize(chunkSize).randomness(randomness);
  }

  /**
   * Chooses the batched dimension of each input.
   *
   * @param dims one for each input; negative counts from the end; null where all examples share the
   *     input
   * @return the changed options
   */
  public VmapOptions inDims(@Nullable Integer... dims) {
    return new VmapOptions(dims.clone(), outDims, chunkSize, randomness);
  }

  /**
   * Chooses where the outputs' batch dimension goes.
   *
   * @param dims one for each output, or one for all; negative counts from the end
   * @return the changed options
   * @throws ArgumentException when none is given
   */
  public VmapOptions outDims(int... dims) {
    if (dims.length == 0) {
      throw new ArgumentException("VmapOptions.outDims: at least one dimension is needed");
    }
    long[] wide = Arrays.stream(dims).asLongStream().toArray();
    return new VmapOptions(inDims, wide, chunkSize, randomness);
  }

  /**
   * Chooses how many examples run at a time.
   *
   * @param size the number; 0 for all at once
   * @return the changed options
   * @throws ArgumentException when it is negative
   */
  public VmapOptions chunkSize(long size) {
    if (size < 0) {
      throw new ArgumentException(
          "VmapOptions.chunkSize: " + size + "; it must be positive, or 0 for all at once");
    }
    return new VmapOptions(inDims, outDims, size, randomness);
  }

  /**
   * Chooses what random operators do.
   *
   * @param policy the policy
   * @return the changed options
   */
  public VmapOptions randomness(Randomness policy) {
    Objects.requireNonNull(policy, "policy");
    return new VmapOptions(inDims, outDims, chunkSize, policy);
  }

  long[] inDimsFor(int inputs) {
    long[] dims = new long[inputs];
    if (inDims == null) {
      return dims;
    }
    if (inDims.length != inputs) {
      throw new ArgumentException(
          "vmap: " + inDims.length + " input dimensions in the options for " + inputs + " inputs");
    }
    for (int i = 0; i < inputs; i++) {
      Integer dim = inDims[i];
      dims[i] = dim == null ? Transforms.SHARED : dim;
    }
    return dims;
  }

  long[] targetDims() {
    return outDims;
  }

  long chunk() {
    return chunkSize;
  }

  Randomness policy() {
    return randomness;
  }
}
