package dev.viking.metrics;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a classifier's samples say about how little it knows an example; larger is less. */
public enum UncertaintyScore {
  /** One minus the largest probability of the predictive distribution. */
  MAX_PROBABILITY,
  /** Entropy of the predictive distribution, in nats. */
  ENTROPY,
  /**
   * Entropy of the predictive distribution less the mean entropy of the samples' distributions:
   * what the samples disagree about, in nats. 0 for one sample.
   */
  MUTUAL_INFORMATION,
  /** The authors' score: the largest variance of a logit over the samples. 0 for one sample. */
  LOGIT_VARIANCE,
  /**
   * That within each member of a mixture, mean over the members: what the surroundings of each
   * solution leave open, without what the solutions disagree about, which is a matter of each one's
   * logits having a scale and an offset of their own as well. The former for a single posterior.
   */
  LOGIT_VARIANCE_WITHIN,
  /** The authors' score: the largest variance of a probability over the samples. 0 for one. */
  PROBABILITY_VARIANCE;

  /**
   * The score's name in files.
   *
   * @return lower case, with underscores
   */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Scores of examples by samples of a single posterior.
   *
   * @param logits [S, N, C] of a floating type; borrowed
   * @return N scores, computed in float64
   * @throws InvalidPredictionsException when the tensor has other dimensions
   */
  public double[] of(Tensor logits) {
    return of(logits, logits.dim() == 0 ? 0 : (int) logits.size(0));
  }

  /**
   * Scores of examples. Variances have the divisor S, as in the authors' code.
   *
   * @param logits [S, N, C] of a floating type, the samples member by member; borrowed
   * @param members how many samples each member of a mixture has, with the sum S
   * @return N scores, computed in float64
   * @throws InvalidPredictionsException when the tensor has other dimensions, or the sum is another
   */
  public double[] of(Tensor logits, int... members) {
    if (logits.dim() != 3 || logits.size(0) == 0 || logits.size(2) == 0) {
      throw new InvalidPredictionsException(
          "UncertaintyScore.of: argument logits: given shape "
              + Arrays.toString(logits.shape())
              + "; needed [S, N, C]");
    }
    if (Arrays.stream(members).anyMatch(count -> count < 1)
        || Arrays.stream(members).asLongStream().sum() != logits.size(0)) {
      throw new InvalidPredictionsException(
          "UncertaintyScore.of: argument members: given "
              + Arrays.toString(members)
              + "; needed positive numbers with the sum "
              + logits.size(0));
    }
    try (Scope _ = Scope.open()) {
      Tensor wide = logits.to(DType.FLOAT64);
      return switch (this) {
        case MAX_PROBABILITY ->
            wide.softmax(2).mean(0).amax(new long[] {1}, false).neg().add(1).toDoubleArray();
        case ENTROPY -> entropy(wide.softmax(2).mean(0), 1).toDoubleArray();
        case MUTUAL_INFORMATION -> {
          Tensor each = wide.softmax(2);
          // Rounding may leave less than nothing where all samples agree.
          yield entropy(each.mean(0), 1).sub(entropy(each, 2).mean(0)).clampMin(0).toDoubleArray();
        }
        case LOGIT_VARIANCE -> largestVariance(wide).toDoubleArray();
        case LOGIT_VARIANCE_WITHIN -> within(wide, members).toDoubleArray();
        case PROBABILITY_VARIANCE -> largestVariance(wide.softmax(2)).toDoubleArray();
      };
    }
  }

  private static Tensor largestVariance(Tensor values) {
    return values.var(new long[] {0}, 0, false).amax(new long[] {1}, false);
  }

  private static Tensor within(Tensor logits, int... members) {
    List<Tensor> each = new ArrayList<>();
    long first = 0;
    for (int count : members) {
      each.add(largestVariance(logits.narrow(0, first, count)));
      first += count;
    }
    return Tensor.stack(each, 0).mean(0);
  }

  private static Tensor entropy(Tensor probabilities, long dimension) {
    // Subtracted from zero, so that certainty is 0 and not -0.
    Tensor sum = probabilities.xlogy(probabilities).sum(dimension);
    return Tensor.zerosLike(sum).sub(sum);
  }
}
