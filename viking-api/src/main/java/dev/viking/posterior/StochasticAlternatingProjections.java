package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * How samples are carried from one minibatch to the next (Fadel et al. 2025, equation 18): the next
 * vector to project is u = sqrt(gamma) k + sqrt(1 - gamma) eta, k being the last kernel sample and
 * eta fresh noise.
 *
 * <p>gamma = 0 forgets everything at each step; gamma below 1 keeps a sliding window of about 1 /
 * (1 - gamma) minibatches, and the image part is what the projection takes away, m = u - P u. With
 * gamma = 1 no noise comes in: the carried vector itself is projected again, and the image part is
 * what all projections have taken from the draw at the start of the epoch.
 *
 * @param gamma from 0 to 1
 */
public record StochasticAlternatingProjections(double gamma) {

  /**
   * What to project, and from what to take the image part.
   *
   * @param noise u, [S, D]
   * @param imageBase [S, D]; m = imageBase - P u
   */
  public record Draw(Tensor noise, Tensor imageBase) {}

  /**
   * Checks gamma.
   *
   * @throws dev.viking.torch.ArgumentException when it is not from 0 to 1
   */
  public StochasticAlternatingProjections {
    Arguments.within("StochasticAlternatingProjections", "gamma", gamma, 0, 1);
  }

  /**
   * The next vectors to project.
   *
   * @param carried k of the last step, [S, D]
   * @param epochDraw the standard normal draw from which the epoch's kernel samples were made, [S,
   *     D]; used when gamma is 1
   * @param rng source of eta, on any device
   * @return u and the image's base, in the caller's current scope; with gamma = 1 these are the
   *     arguments themselves
   */
  public Draw next(Tensor carried, Tensor epochDraw, Rng rng) {
    if (gamma == 1) {
      return new Draw(carried, epochDraw);
    }
    try (Scope scope = Scope.open()) {
      Tensor fresh = noise(rng, carried);
      Tensor mixed =
          gamma == 0
              ? fresh
              : fresh.mul_(Math.sqrt(1 - gamma)).addScaled_(carried, Math.sqrt(gamma));
      scope.keep(mixed);
      return new Draw(mixed, mixed);
    }
  }

  /** Standard normal numbers in another tensor's shape, type and place. */
  static Tensor noise(Rng rng, Tensor like) {
    Tensor drawn = Tensor.randn(rng, like.dtype(), like.shape());
    Device device = like.device();
    return drawn.device().equals(device) ? drawn : drawn.to(device);
  }
}
