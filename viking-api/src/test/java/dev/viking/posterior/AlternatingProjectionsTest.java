package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.KernelProjection;
import dev.viking.nn.Activation;
import dev.viking.nn.JacobianRows;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Alternating projections over a data set, and the chain from minibatch to minibatch. */
@ExtendWith(LiveHandles.class)
class AlternatingProjectionsTest {
  private final Model model = Mlp.of(new int[] {4, 8, 1}, Activation.TANH);
  private final Loss loss = Losses.halfSquaredError();
  private Scope scope;
  private Rng rng;
  private Tensor mean;
  private Tensor inputs;
  private TrainingData data;

  @BeforeEach
  void open() {
    scope = Scope.open();
    rng = Rng.seeded(9);
    mean = Tensor.randn(rng, DType.FLOAT64, model.layout().total());
    inputs = Tensor.randn(rng, DType.FLOAT64, 10, 4);
    data = TrainingData.of(inputs, Tensor.randn(rng, DType.FLOAT64, 10, 1));
  }

  @AfterEach
  void close() {
    rng.close();
    scope.close();
  }

  @Test
  void passesOverBlocksConvergeToTheProjectionOfTheWholeDataSet() {
    Tensor start = Tensor.randn(rng, DType.FLOAT64, 3, mean.size(0));
    Tensor whole =
        KernelProjection.of(
                JacobianRows.function(model, mean, inputs).jacobian(), new ExactSolver())
            .project(start)
            .kernel();
    double before = distanceAfter(1, 4, start, whole);
    double after = distanceAfter(400, 4, start, whole);
    assertThat(before).isGreaterThan(1e-3);
    assertThat(after).isLessThan(0.01 * before);
    assertThat(distanceAfter(1, 10, start, whole)).as("one block").isLessThan(1e-10);
    assertThat(distanceAfter(0, 4, start, whole)).as("no pass").isGreaterThan(before);
  }

  private double distanceAfter(int passes, int block, Tensor start, Tensor whole) {
    Tensor vectors = start.cloneTensor();
    AlternatingProjections projections =
        new AlternatingProjections(
            model, loss, JacobianKind.FUNCTION, new ExactSolver(), block, passes);
    double residual = projections.project(mean, vectors, data, AlternatingListener.NONE).residual();
    if (passes <= 1) { // later passes start in the kernel, and 0 / 0 tells nothing
      assertThat(residual).isLessThan(1e-11);
    }
    return vectors.sub(whole).norm().item();
  }

  @Test
  void samplesAreTheDrawSplitInTwoAndProgressIsTold() {
    KernelImagePosterior posterior = KernelImagePosterior.of(mean, 1, -1);
    AlternatingProjections projections =
        new AlternatingProjections(model, loss, JacobianKind.LOSS, new ExactSolver(), 4, 2);
    List<String> progress = new ArrayList<>();
    PosteriorSamples samples =
        projections.sample(
            posterior,
            data,
            5,
            rng,
            (pass, block, blocks, residual) -> {
              assertThat(residual).isBetween(0.0, 1e-11);
              progress.add(pass + ":" + block + "/" + blocks);
            });
    assertThat(progress).containsExactly("0:1/3", "0:2/3", "0:3/3", "1:1/3", "1:2/3", "1:3/3");
    assertThat(samples.count()).isEqualTo(5);
    // The last block's losses do not change along the kernel part, to first order.
    TrainingData.Batch last = data.select(new int[] {8, 9});
    Tensor rows = JacobianRows.loss(model, loss, mean, last.inputs(), last.targets()).jacobian();
    assertThat(rows.matmul(samples.kernel().t()).abs().max().item()).isLessThan(1e-10);
    assertThat(samples.kernelShare()).isBetween(0.5, 0.99);
    Tensor expected =
        mean.add(samples.kernel().mul(Math.exp(-0.5))).add(samples.image().mul(Math.exp(-1)));
    assertThat(samples.parameters(posterior).sub(expected).abs().max().item()).isLessThan(1e-14);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.2, 0.5, 0.8, 1})
  void theChainKeepsTheRankThatItsWindowLeaves(double gamma) {
    // Minibatches whose row spaces are disjoint: one of 64 coordinates after the other.
    int dimension = 64;
    int rows = 1;
    int samples = 4000;
    StochasticAlternatingProjections chain = new StochasticAlternatingProjections(gamma);
    Tensor draw = Tensor.randn(rng, DType.FLOAT64, samples, dimension);
    Tensor disjoint = draw.cloneTensor();
    Tensor coinciding = draw.cloneTensor();
    int steps = 60;
    double disjointRank = 0;
    double coincidingRank = 0;
    for (int t = 0; t < steps; t++) {
      try (Scope _ = Scope.open()) {
        StochasticAlternatingProjections.Draw next = chain.next(disjoint, draw, rng);
        Tensor kernel = next.noise().cloneTensor();
        kernel.narrow(1, (long) t * rows, rows).zero_();
        disjointRank = next.noise().mul(kernel).sum().item() / samples;
        disjoint.copy_(kernel);
        next = chain.next(coinciding, draw, rng);
        kernel = next.noise().cloneTensor();
        kernel.narrow(1, 0, rows).zero_();
        coincidingRank = next.noise().mul(kernel).sum().item() / samples;
        coinciding.copy_(kernel);
        if (gamma == 1) {
          assertThat(next.imageBase()).isSameAs(draw);
        } else {
          assertThat(next.imageBase()).isSameAs(next.noise());
        }
      }
    }
    double window = gamma == 1 ? steps : 1 / (1 - gamma);
    // standard deviation of an estimate: sqrt(2 * 64 / 4000) = 0.18
    assertThat(disjointRank).isCloseTo(dimension - rows * window, within(0.7));
    assertThat(coincidingRank).isCloseTo(dimension - rows, within(0.7));
  }

  @Test
  void theChainsVectorsKeepUnitVariance() {
    StochasticAlternatingProjections chain = new StochasticAlternatingProjections(0.3);
    Tensor carried = Tensor.randn(rng, DType.FLOAT64, 50, 2000);
    Tensor next = chain.next(carried, carried, rng).noise();
    assertThat(next.var(1).item()).isCloseTo(1, within(0.02));
    assertThat(next.mul(carried).mean().item()).isCloseTo(Math.sqrt(0.3), within(0.02));
  }

  @Test
  void badInputIsRefused() {
    assertThatThrownBy(() -> new StochasticAlternatingProjections(1.01))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("gamma");
    assertThatThrownBy(() -> new StochasticAlternatingProjections(Double.NaN))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(
            () ->
                new AlternatingProjections(
                    model, loss, JacobianKind.LOSS, new ExactSolver(), -1, 1))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("blockSize");
  }
}
