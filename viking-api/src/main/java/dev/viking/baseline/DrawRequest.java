package dev.viking.baseline;

import dev.viking.nn.Loss;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.ArgumentException;
import java.util.Objects;

/**
 * What samples are drawn for.
 *
 * <p>Some posteriors know only their mean and scales, and need the data that they were fitted to
 * for samples: those that project, and those that estimate the statistics of batch norms for each
 * sample. The data belongs to the request so that a posterior that was read from a file can draw as
 * well.
 *
 * @param loss the loss that the posterior was fitted with
 * @param data the training examples that it was fitted to
 * @param count S, how many samples; posteriors that have only so many give those, see {@link
 *     FittedPosterior#draw}
 * @param seed of the samples, which depend on nothing else that is random
 * @param listener told about projections; may stop them
 */
public record DrawRequest(
    Loss loss, TrainingData data, int count, long seed, AlternatingListener listener) {

  /**
   * Checks the request.
   *
   * @throws ArgumentException when the count is not positive
   */
  public DrawRequest {
    Objects.requireNonNull(loss, "loss");
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(listener, "listener");
    if (count < 1) {
      throw new ArgumentException("DrawRequest: count is " + count + "; at least 1 is needed");
    }
  }

  /**
   * A request that nobody watches.
   *
   * @param loss the loss that the posterior was fitted with
   * @param data the training examples that it was fitted to
   * @param count S, how many samples
   * @param seed of the samples
   * @return the request
   */
  public static DrawRequest of(Loss loss, TrainingData data, int count, long seed) {
    return new DrawRequest(loss, data, count, seed, AlternatingListener.NONE);
  }
}
