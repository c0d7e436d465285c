package dev.viking.baseline;

import dev.viking.internal.Arguments;
import dev.viking.nn.Gradients;
import dev.viking.nn.Sgd;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Map;
import java.util.Objects;

/**
 * SWAG, a Gaussian from the path of stochastic gradient descent with a constant rate (Maddox et al.
 * 2019): its mean is that of snapshots of the path, its covariance half the diagonal of theirs plus
 * half of their covariance of rank K.
 *
 * <p>Statistics of batch norms are estimated anew for each sample, as its authors do, from the
 * training data ({@link SwagPosterior}).
 *
 * @param name what tables call it
 * @param start the method whose point estimate the path starts from
 * @param epochs of the path
 * @param batchSize examples in a minibatch
 * @param learningRate of the path
 * @param momentum of the path
 * @param weightDecay of the path
 * @param snapshotsPerEpoch how often the path is looked at; its authors do once an epoch
 * @param rank K; 0 for the diagonal alone
 */
public record Swag(
    String name,
    Method start,
    int epochs,
    int batchSize,
    double learningRate,
    double momentum,
    double weightDecay,
    int snapshotsPerEpoch,
    int rank)
    implements Method {

  /**
   * Checks the settings.
   *
   * @throws ArgumentException when a number is out of its range
   */
  public Swag {
    String here = "Swag";
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(start, "start");
    Arguments.atLeast(here, "epochs", epochs, 1);
    Arguments.atLeast(here, "batchSize", batchSize, 1);
    Arguments.positive(here, "learningRate", learningRate);
    Arguments.within(here, "momentum", momentum, 0, 1);
    Arguments.within(here, "weightDecay", weightDecay, 0, Double.MAX_VALUE);
    Arguments.atLeast(here, "snapshotsPerEpoch", snapshotsPerEpoch, 1);
    Arguments.atLeast(here, "rank", rank, 0);
    if (rank == 1) {
      throw new ArgumentException("Swag: rank is 1; 0 or at least 2 is needed");
    }
  }

  /**
   * With its authors' rank 20, momentum 0.9, weight decay 3e-4 and a snapshot after each epoch.
   *
   * @param start the method whose point estimate the path starts from
   * @param epochs of the path
   * @param batchSize examples in a minibatch
   * @param learningRate of the path; their networks take 0.01 to 0.05
   * @return the method
   */
  public static Swag lowRank(Method start, int epochs, int batchSize, double learningRate) {
    return new Swag("SWAG", start, epochs, batchSize, learningRate, 0.9, 3e-4, 1, 20);
  }

  /**
   * The diagonal alone, otherwise as {@link #lowRank}.
   *
   * @param start the method whose point estimate the path starts from
   * @param epochs of the path
   * @param batchSize examples in a minibatch
   * @param learningRate of the path
   * @return the method
   */
  public static Swag diagonal(Method start, int epochs, int batchSize, double learningRate) {
    return new Swag("SWAG, diagonal", start, epochs, batchSize, learningRate, 0.9, 3e-4, 1, 0);
  }

  @Override
  public Method base() {
    return start;
  }

  @Override
  public Map<String, String> hyperparameters() {
    return RecordTexts.withStart(this, start);
  }

  /**
   * Walks and takes the moments.
   *
   * @param context model, data, seed; an initial mean is where the path starts
   * @return the Gaussian, in the caller's current scope
   */
  @Override
  public SwagPosterior fit(FitContext context) {
    try (Scope scope = Scope.open();
        Sgd optimizer = new Sgd(learningRate, momentum, false, weightDecay)) {
      Tensor state = context.start(start);
      SwagMoments moments = new SwagMoments(scope, state, rank);
      new MinibatchLoop(name, epochs, batchSize)
          .run(
              context,
              minibatch -> {
                Gradients.Result result = minibatch.gradient(state);
                optimizer.step(state, result.gradient());
                if (isSnapshot(minibatch.step(), minibatch.steps())) {
                  moments.add(state);
                }
                return result.value();
              });
      return new SwagPosterior(
              FitDescription.of(this, context.model()),
              moments.mean(),
              moments.variance(),
              moments.deviations())
          .keepIn(scope);
    }
  }

  /** Whether the path is looked at after a step: at equal distances, and at the end. */
  private boolean isSnapshot(long step, long steps) {
    long snapshots = (long) epochs * snapshotsPerEpoch;
    return (step + 1) * snapshots / steps > step * snapshots / steps;
  }
}
