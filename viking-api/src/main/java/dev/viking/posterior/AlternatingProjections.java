package dev.viking.posterior;

import dev.viking.linalg.KernelProjection;
import dev.viking.linalg.Projection;
import dev.viking.linalg.Solver;
import dev.viking.nn.Linearisation;
import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Projects samples onto the kernel of the Jacobian of a whole data set, block after block, in the
 * order of the data, every example once per pass (von Neumann's alternating projections; Miani et
 * al. 2024).
 *
 * <p>Immutable. All samples go through a block together; the rows of one block at a time are held.
 *
 * @param model the network
 * @param loss the loss, whose rows a loss Jacobian has
 * @param jacobian whose Jacobian
 * @param solver how each block's projection solves
 * @param blockSize examples in a block
 * @param passes passes over the data
 */
public record AlternatingProjections(
    Model model, Loss loss, JacobianKind jacobian, Solver solver, int blockSize, int passes) {

  /**
   * Checks the settings.
   *
   * @throws dev.viking.torch.ArgumentException when a number is not positive
   */
  public AlternatingProjections {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(loss, "loss");
    Objects.requireNonNull(jacobian, "jacobian");
    Objects.requireNonNull(solver, "solver");
    Checks.atLeast("AlternatingProjections", "blockSize", blockSize, 1);
    Checks.atLeast("AlternatingProjections", "passes", passes, 0);
  }

  /**
   * Draws samples of a posterior.
   *
   * @param posterior at whose mean to project
   * @param data the training data
   * @param count S, how many samples
   * @param rng where they start
   * @param listener told after each block
   * @return the samples, in the caller's current scope
   * @throws dev.viking.torch.ArgumentException when the count is not positive
   */
  public PosteriorSamples sample(
      KernelImagePosterior posterior,
      TrainingData data,
      int count,
      Rng rng,
      AlternatingListener listener) {
    Checks.atLeast("AlternatingProjections.sample", "count", count, 1);
    try (Scope scope = Scope.open()) {
      Tensor mean = posterior.mean();
      Tensor draw =
          StochasticAlternatingProjections.noise(rng, mean.expand(count, posterior.dimension()));
      Tensor kernel = draw.cloneTensor();
      project(mean, kernel, data, listener);
      return new PosteriorSamples(scope.keep(kernel), scope.keep(draw.sub(kernel)));
    }
  }

  /**
   * Projects vectors in place.
   *
   * @param mean the parameters at which the Jacobians are taken, [D]
   * @param vectors [S, D], overwritten by their projections
   * @param data the examples
   * @param listener told after each block
   * @return the largest relative residual of all blocks; tells little where vectors lay in a
   *     block's kernel already
   */
  public double project(
      Tensor mean, Tensor vectors, TrainingData data, AlternatingListener listener) {
    int blocks = Math.ceilDiv(data.size(), blockSize);
    try (Scope _ = Scope.open()) {
      Tensor worst = Tensor.zeros(new long[0], mean.dtype(), mean.device());
      for (int pass = 0; pass < passes; pass++) {
        for (int block = 0; block < blocks; block++) {
          int first = block * blockSize;
          int[] indices =
              IntStream.range(first, Math.min(first + blockSize, data.size())).toArray();
          try (Scope _ = Scope.open()) {
            TrainingData.Batch batch = data.select(indices);
            Projection projection = KernelProjection.of(rows(mean, batch), solver).project(vectors);
            vectors.copy_(projection.kernel());
            Tensor residual = projection.residual().to(mean.dtype());
            worst.copy_(worst.maximum(residual));
            if (!listener.equals(AlternatingListener.NONE)) {
              listener.onBlock(pass, block + 1, blocks, residual.item());
            }
          }
        }
      }
      return worst.item();
    }
  }

  private Tensor rows(Tensor mean, TrainingData.Batch batch) {
    try (Scope scope = Scope.open();
        Linearisation at = Linearisation.of(model, loss, mean, batch.inputs(), batch.targets())) {
      return scope.keep(jacobian == JacobianKind.LOSS ? at.lossJacobian() : at.functionJacobian());
    }
  }
}
