package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where alternating projections stand: all they need to go on to the same bits, besides the mean,
 * the data and the options.
 *
 * <p>{@link AlternatingProjections#run} changes the tensors in place. {@link #tensors} and {@link
 * #texts} can be put into any checkpoint format, and {@link #of(Map, Map)} makes a state of them.
 *
 * @param vectors [S, D], as projected so far
 * @param draw [S, D], from which they started, or null where nobody needs it
 * @param cycleStart [S, D], the vectors at the start of the cycle in work, or null at the start of
 *     a cycle and where neither acceleration nor a tolerance needs it
 * @param cycle the cycle to go on with, from 0
 * @param block the block to go on with, from 0
 * @param blockSize examples in a block, 0 where the run has not begun
 */
public record AlternatingState(
    Tensor vectors,
    @Nullable Tensor draw,
    @Nullable Tensor cycleStart,
    int cycle,
    int block,
    int blockSize) {
  private static final String FORMAT = "viking-alternating-1";

  /**
   * Checks the numbers.
   *
   * @throws ArgumentException when one is negative
   */
  public AlternatingState {
    Arguments.atLeast("AlternatingState", "cycle", cycle, 0);
    Arguments.atLeast("AlternatingState", "block", block, 0);
    Arguments.atLeast("AlternatingState", "blockSize", blockSize, 0);
  }

  /**
   * The start of projecting given vectors.
   *
   * @param vectors [S, D], which the run will overwrite; borrowed
   * @return the state
   */
  public static AlternatingState of(Tensor vectors) {
    return new AlternatingState(vectors, null, null, 0, 0, 0);
  }

  /**
   * The start of drawing samples: standard normal vectors.
   *
   * @param mean [D], whose type and device the samples have
   * @param count S
   * @param rng where they come from
   * @return the state, in the current scope
   * @throws ArgumentException when the count is not positive
   */
  public static AlternatingState draw(Tensor mean, int count, Rng rng) {
    Arguments.atLeast("AlternatingProjections.sample", "count", count, 1);
    try (Scope scope = Scope.open()) {
      Tensor draw = StochasticAlternatingProjections.noise(rng, mean.expand(count, mean.size(0)));
      Tensor vectors = draw.cloneTensor();
      scope.keep(draw);
      scope.keep(vectors);
      return new AlternatingState(vectors, draw, null, 0, 0, 0);
    }
  }

  /**
   * The tensors of this state.
   *
   * @return {@code vectors}, and {@code draw} and {@code cycle_start} where they are there;
   *     borrowed
   */
  public Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new HashMap<>();
    tensors.put("vectors", vectors);
    if (draw != null) {
      tensors.put("draw", draw);
    }
    if (cycleStart != null) {
      tensors.put("cycle_start", cycleStart);
    }
    return tensors;
  }

  /**
   * The rest of this state.
   *
   * @return {@code format}, {@code cycle}, {@code block} and {@code block_size}
   */
  public Map<String, String> texts() {
    return Map.of(
        "format", FORMAT,
        "cycle", Integer.toString(cycle),
        "block", Integer.toString(block),
        "block_size", Integer.toString(blockSize));
  }

  /**
   * A state from its parts, as {@link #tensors} and {@link #texts} gave them.
   *
   * @param tensors by name; borrowed, and overwritten when the run goes on
   * @param texts by name
   * @return the state
   * @throws ArgumentException when a part is missing, or is not what it should be
   */
  public static AlternatingState of(Map<String, Tensor> tensors, Map<String, String> texts) {
    Tensor vectors = tensors.get("vectors");
    String format = texts.get("format");
    if (vectors == null || !FORMAT.equals(format)) {
      throw new ArgumentException(
          "AlternatingState.of: the format is "
              + format
              + " and the tensors are "
              + tensors.keySet().stream().sorted().toList()
              + "; "
              + FORMAT
              + " with \"vectors\" is needed");
    }
    return new AlternatingState(
        vectors,
        tensors.get("draw"),
        tensors.get("cycle_start"),
        number(texts, "cycle"),
        number(texts, "block"),
        number(texts, "block_size"));
  }

  private static int number(Map<String, String> texts, String name) {
    String text = texts.get(name);
    try {
      return Integer.parseInt(text == null ? "" : text);
    } catch (NumberFormatException e) {
      throw new ArgumentException(
          "AlternatingState.of: \"" + name + "\" is " + text + "; a whole number is needed");
    }
  }

  /**
   * The samples as they are: what is left of the draw, and what was taken from it.
   *
   * @return kernel and image parts; the kernel part is this state's vectors, the image part belongs
   *     to the current scope
   * @throws ArgumentException when the state does not come from {@link #draw(Tensor, int, Rng)}
   */
  public PosteriorSamples samples() {
    if (draw == null) {
      throw new ArgumentException(
          "AlternatingState.samples: the state has no draw; start with AlternatingState.draw");
    }
    return new PosteriorSamples(vectors, draw.sub(vectors));
  }
}
