package dev.viking.posterior;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * What S posterior samples predict for N inputs. The methods give new tensors in the caller's
 * current scope.
 *
 * @param outputs [S, N, C], the model's outputs (logits for classifiers), of a mixture member by
 *     member
 * @param members how many of the samples each member of a mixture has; [S] for a single posterior
 */
public record PredictiveSamples(Tensor outputs, List<Integer> members) {

  /**
   * Copies the numbers.
   *
   * @throws ArgumentException when their sum is not S
   */
  public PredictiveSamples {
    members = List.copyOf(members);
    long sum = members.stream().mapToLong(Integer::longValue).sum();
    if (sum != outputs.size(0)) {
      throw new ArgumentException(
          "PredictiveSamples: members: "
              + members
              + " given; numbers with the sum "
              + outputs.size(0)
              + " are needed");
    }
  }

  /**
   * Predictions of a single posterior.
   *
   * @param outputs [S, N, C], the model's outputs
   */
  public PredictiveSamples(Tensor outputs) {
    this(outputs, List.of(Math.toIntExact(outputs.size(0))));
  }

  /**
   * Log-probabilities of C classes, sample by sample.
   *
   * @return [S, N, C]
   */
  public Tensor logProbabilities() {
    return outputs.logSoftmax(2);
  }

  /**
   * The predictive distribution over C classes: the mean of the samples' probabilities.
   *
   * @return [N, C]
   */
  public Tensor meanProbabilities() {
    try (Scope scope = Scope.open()) {
      return scope.keep(outputs.softmax(2).mean(0));
    }
  }

  /**
   * The mean of the outputs over samples.
   *
   * @return [N, C]
   */
  public Tensor mean() {
    return outputs.mean(0);
  }

  /**
   * The standard deviation of the outputs over samples, with divisor S - 1 (0 for a single sample).
   *
   * @return [N, C]
   */
  public Tensor standardDeviation() {
    long samples = outputs.size(0);
    return outputs.std(new long[] {0}, samples > 1 ? 1 : 0, false);
  }
}
