package dev.viking.baseline;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;

/**
 * Mean and variance of parameter vectors as they come, and the deviations of the last K of them
 * from the mean at their time. Variances are sums of squared deviations (Welford's), not a
 * difference of second moments, of which float32 would keep nothing where they are small.
 *
 * <p>Its tensors belong to the scope in which it was made.
 */
final class SwagMoments {
  private final Scope owner;
  private final int rank;
  private final Tensor mean;
  private final Tensor squares;
  private final Deque<Tensor> deviations = new ArrayDeque<>();
  private int count;

  /**
   * Empty moments.
   *
   * @param owner the current scope
   * @param like [D]
   * @param rank K, 0 for none
   */
  SwagMoments(Scope owner, Tensor like, int rank) {
    this.owner = owner;
    this.rank = rank;
    this.mean = Tensor.zerosLike(like);
    this.squares = Tensor.zerosLike(like);
  }

  void add(Tensor parameters) {
    count++;
    try (Scope _ = Scope.open()) {
      Tensor before = parameters.sub(mean);
      mean.addScaled_(before, 1.0 / count);
      Tensor after = parameters.sub(mean);
      squares.addcmul_(before, after, 1);
      if (rank > 0) {
        deviations.addLast(owner.keep(after));
      }
    }
    if (deviations.size() > rank) {
      deviations.removeFirst().close();
    }
  }

  int count() {
    return count;
  }

  /** [D]. */
  Tensor mean() {
    return mean;
  }

  /** The mean squared deviation, [D]. */
  Tensor variance() {
    return squares.div((double) count);
  }

  /** [K, D], fewer rows when fewer vectors came; a single row of zeros without a low-rank part. */
  Tensor deviations() {
    return deviations.isEmpty()
        ? Tensor.zerosLike(mean).unsqueeze(0)
        : Tensor.stack(new ArrayList<>(deviations), 0);
  }
}
