package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.KernelProjection;
import dev.viking.linalg.Projection;
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
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Predictions of samples against the definition, and what the kernel keeps. */
@ExtendWith(LiveHandles.class)
class PredictorTest {
  private final Model model = Mlp.of(new int[] {2, 6, 3}, Activation.GELU_TANH);
  private Scope scope;
  private Rng rng;
  private Tensor mean;
  private Tensor inputs;

  @BeforeEach
  void open() {
    scope = Scope.open();
    rng = Rng.seeded(21);
    mean = Tensor.randn(rng, DType.FLOAT64, model.layout().total());
    inputs = Tensor.randn(rng, DType.FLOAT64, 5, 2);
  }

  @AfterEach
  void close() {
    rng.close();
    scope.close();
  }

  @Test
  void sampledAndLinearisedPredictionsAreWhatTheirNamesSay() {
    KernelImagePosterior posterior = KernelImagePosterior.of(mean, 0.5, -0.7);
    PosteriorSamples samples = split(4);
    Tensor jacobian = JacobianRows.function(model, mean, inputs).jacobian();
    Tensor f = model.apply(mean, inputs);
    for (int chunk : new int[] {1, 2, 5, 100}) {
      Tensor sampled =
          new Predictor(model, Predictions.SAMPLED, chunk)
              .predict(posterior, samples, inputs)
              .outputs();
      Tensor linearised =
          new Predictor(model, Predictions.LINEARISED, chunk)
              .predict(posterior, samples, inputs)
              .outputs();
      assertThat(sampled.shape()).containsExactly(4, 5, 3);
      for (int s = 0; s < 4; s++) {
        Tensor deviation =
            samples
                .kernel()
                .select(0, s)
                .mul(Math.exp(-0.25))
                .add(samples.image().select(0, s).mul(Math.exp(-0.7)));
        Tensor expected = model.apply(mean.add(deviation), inputs);
        assertThat(sampled.select(0, s).sub(expected).abs().max().item()).isLessThan(1e-12);
        Tensor linear = f.add(jacobian.mv(deviation).reshape(5, 3));
        assertThat(linearised.select(0, s).sub(linear).abs().max().item()).isLessThan(1e-11);
      }
    }
    assertThat(
            new Predictor(model, Predictions.SAMPLED, 2)
                .predict(mean, inputs)
                .outputs()
                .select(0, 0)
                .sub(f)
                .abs()
                .max()
                .item())
        .isLessThan(1e-13);
  }

  @Test
  void linearisedPredictionsOfTheTrainingInputsDoNotMoveAlongTheKernel() {
    PosteriorSamples samples = split(3);
    Predictor predictor = new Predictor(model, Predictions.LINEARISED);
    Tensor f = model.apply(mean, inputs);
    Tensor still =
        predictor.predict(KernelImagePosterior.of(mean, 0, -40), samples, inputs).outputs();
    Tensor moving =
        predictor.predict(KernelImagePosterior.of(mean, 0, -2), samples, inputs).outputs();
    assertThat(still.sub(f).abs().max().item()).isLessThan(1e-11);
    assertThat(moving.sub(f).abs().max().item()).isGreaterThan(1e-2);
  }

  @Test
  void trainingLossesAreKeptAlongTheKernelOfTheLossJacobian() {
    Loss loss = Losses.softmaxCrossEntropy();
    Tensor targets = Tensor.of(new long[] {0, 1, 2, 1, 0});
    Tensor rows = JacobianRows.loss(model, loss, mean, inputs, targets).jacobian();
    Projection split =
        KernelProjection.of(rows, new ExactSolver())
            .project(Tensor.randn(rng, DType.FLOAT64, 1, mean.size(0)));
    Tensor before = loss.perExample(model.apply(mean, inputs), targets);
    double step = 1e-3;
    Tensor along = mean.addScaled(split.kernel().select(0, 0), step);
    Tensor across = mean.addScaled(split.image().select(0, 0), step);
    double kept =
        loss.perExample(model.apply(along, inputs), targets).sub(before).abs().max().item();
    double moved =
        loss.perExample(model.apply(across, inputs), targets).sub(before).abs().max().item();
    assertThat(kept).isLessThan(100 * step * step);
    assertThat(moved).isGreaterThan(10 * kept);
  }

  @Test
  void summariesAreThoseOfTheSamples() {
    Tensor outputs = Tensor.of(new double[] {0, 1, 2, 0, 4, 1, 0, 3}, 2, 2, 2);
    PredictiveSamples samples = new PredictiveSamples(outputs);
    double[] p = samples.meanProbabilities().toDoubleArray();
    double first = (Math.exp(0) / (1 + Math.E) + Math.exp(4) / (Math.exp(4) + Math.E)) / 2;
    assertThat(p[0]).isCloseTo(first, within(1e-12));
    assertThat(p[0] + p[1]).isCloseTo(1, within(1e-12));
    assertThat(samples.logProbabilities().toDoubleArray()[7])
        .isCloseTo(-Math.log1p(Math.exp(-3)), within(1e-12));
    assertThat(samples.mean().toDoubleArray()).containsExactly(2, 1, 1, 1.5);
    assertThat(samples.standardDeviation().toDoubleArray()[0])
        .isCloseTo(Math.sqrt(8), within(1e-12));
    assertThat(new PredictiveSamples(outputs.narrow(0, 0, 1)).standardDeviation().toDoubleArray())
        .containsOnly(0);
    assertThat(samples.members()).containsExactly(2);
    assertThatThrownBy(() -> new PredictiveSamples(outputs, List.of(1, 2)))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("[1, 2] given; numbers with the sum 2 are needed");
  }

  @Test
  void badInputIsRefused() {
    KernelImagePosterior posterior = KernelImagePosterior.of(mean, 0, 0);
    Tensor wrong = Tensor.zeros(DType.FLOAT64, 2, 7);
    assertThatThrownBy(
            () ->
                new Predictor(model, Predictions.SAMPLED)
                    .predict(posterior, new PosteriorSamples(wrong, wrong), inputs))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("[2, 7]");
    assertThatThrownBy(() -> new Predictor(model, Predictions.SAMPLED, 0))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> KernelImagePosterior.of(inputs, 0, 0))
        .isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> KernelImagePosterior.of(mean, Double.NaN, 0))
        .isInstanceOf(ArgumentException.class);
  }

  private PosteriorSamples split(int count) {
    Projection split =
        KernelProjection.of(
                JacobianRows.function(model, mean, inputs).jacobian(), new ExactSolver())
            .project(Tensor.randn(rng, DType.FLOAT64, count, mean.size(0)));
    return new PosteriorSamples(split.kernel(), split.image());
  }
}
