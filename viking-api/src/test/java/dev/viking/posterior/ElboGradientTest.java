package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.linalg.ConjugateGradient;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.Lsmr;
import dev.viking.linalg.Solver;
import dev.viking.nn.Activation;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.LinalgException;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The gradient of the objective against finite differences of its value, for every kind of
 * objective.
 */
@ExtendWith(LiveHandles.class)
class ElboGradientTest {
  private final Model model = Mlp.of(new int[] {3, 5, 4}, Activation.TANH);
  private final Loss loss = Losses.softmaxCrossEntropy();
  private Scope scope;
  private Rng rng;
  private Tensor inputs;
  private Tensor targets;
  private Tensor noise;
  private KernelImagePosterior posterior;

  @BeforeEach
  void open() {
    scope = Scope.open();
    rng = Rng.seeded(3);
    inputs = Tensor.randn(rng, DType.FLOAT64, 6, 3);
    targets = Tensor.randint(rng, 0, 4, 6);
    noise = Tensor.randn(rng, DType.FLOAT64, 2, model.layout().total());
    Tensor mean = model.initialise(rng, DType.FLOAT64, Device.CPU);
    mean.addScaled_(Tensor.randn(rng, DType.FLOAT64, mean.size(0)), 0.3);
    posterior = KernelImagePosterior.of(mean, 1.4, -1.1);
  }

  @AfterEach
  void close() {
    rng.close();
    scope.close();
  }

  @ParameterizedTest
  @CsvSource({
    "LOSS, SAMPLED, false",
    "LOSS, SAMPLED, true",
    "LOSS, LINEARISED, false",
    "FUNCTION, SAMPLED, false",
    "FUNCTION, LINEARISED, false",
    "FUNCTION, LINEARISED, true"
  })
  void isTheDerivativeOfTheValue(JacobianKind jacobian, Predictions predictions, boolean opaque) {
    ElboOptions options =
        ElboOptions.exact()
            .withJacobian(jacobian)
            .withPredictions(predictions)
            .withKlWeight(KlWeight.relativeTo(3));
    Elbo elbo = new Elbo(opaque ? new OpaqueModel(model) : model, loss, options, 100);
    checkDerivative(elbo, noise, noise, 2e-7);
  }

  @Test
  void isTheDerivativeWithAnImageBaseOfItsOwnToo() {
    Tensor base = Tensor.randn(rng, DType.FLOAT64, 2, posterior.dimension());
    Elbo elbo = new Elbo(model, loss, ElboOptions.exact(), 10);
    checkDerivative(elbo, noise, base, 2e-7);
    ElboResult result = elbo.evaluate(posterior, inputs, targets, noise, base);
    assertThat(result.kernelSamples().add(result.imageSamples()).sub(base).abs().max().item())
        .isLessThan(1e-14);
  }

  @Test
  void everyConvergedSolverGivesTheSameGradient() {
    ElboOptions exact = ElboOptions.exact().withSolver(new ExactSolver(), RankEstimator.IMAGE_NORM);
    ElboResult reference =
        new Elbo(model, loss, exact, 10).evaluate(posterior, inputs, targets, noise);
    for (Solver solver :
        List.of(
            new ConjugateGradient(6, true),
            ConjugateGradient.converging(1e-13, 40),
            new Lsmr(1e-14, 1e-14, 1e12, 200))) {
      ElboResult other =
          new Elbo(model, loss, exact.withSolver(solver, RankEstimator.IMAGE_NORM), 10)
              .evaluate(posterior, inputs, targets, noise);
      assertThat(other.gradient().sub(reference.gradient()).norm().item())
          .as("%s", solver)
          .isLessThan(1e-7 * reference.gradient().norm().item());
      assertThat(other.loss().item()).isCloseTo(reference.loss().item(), within(1e-8));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "LOSS, SAMPLED, false",
    "LOSS, LINEARISED, false",
    "FUNCTION, LINEARISED, false",
    "LOSS, SAMPLED, true",
    "LOSS, LINEARISED, true",
    "FUNCTION, LINEARISED, true"
  })
  void aMemoryLimitChangesNothingButTheMemory(
      JacobianKind jacobian, Predictions predictions, boolean opaque) {
    Model used = opaque ? new OpaqueModel(model) : model;
    ElboOptions free = ElboOptions.exact().withJacobian(jacobian).withPredictions(predictions);
    assertThat(gradientsDiffer(used, free, free.withMemoryLimit(0), posterior)).isLessThan(1e-10);
    ElboOptions iterating =
        free.withSolver(ConjugateGradient.converging(1e-13, 40), RankEstimator.IMAGE_NORM);
    assertThat(gradientsDiffer(used, iterating, iterating.withMemoryLimit(0), posterior))
        .isLessThan(1e-7);
    assertThatThrownBy(() -> free.withMemoryLimit(-1))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("memoryLimit is -1");
  }

  @Test
  void theTermThroughTheProjectionCanBeLeftOutAndVanishesWhereTheScalesAgree() {
    ElboOptions through = ElboOptions.exact();
    ElboOptions without = through.withProjectionGradient(ProjectionGradient.NONE);
    assertThat(gradientsDiffer(model, through, without, posterior)).isGreaterThan(1e-3);
    KernelImagePosterior balanced = KernelImagePosterior.of(posterior.mean(), 2.2, -1.1);
    assertThat(gradientsDiffer(model, through, without, balanced)).isLessThan(1e-12);
  }

  @Test
  void float32AgreesWithFloat64() {
    Elbo elbo = new Elbo(model, loss, ElboOptions.exact(), 10);
    ElboResult wide = elbo.evaluate(posterior, inputs, targets, noise);
    KernelImagePosterior narrow =
        KernelImagePosterior.of(posterior.mean().to(DType.FLOAT32), 1.4, -1.1);
    ElboResult result =
        elbo.evaluate(narrow, inputs.to(DType.FLOAT32), targets, noise.to(DType.FLOAT32));
    assertThat(result.gradient().dtype()).isEqualTo(DType.FLOAT32);
    assertThat(result.gradient().to(DType.FLOAT64).sub(wide.gradient()).norm().item())
        .isLessThan(1e-3 * wide.gradient().norm().item());
    assertThat(result.rank()).isEqualTo(wide.rank());
    assertThat(result.residual().item()).isLessThan(1e-5);
  }

  @Test
  void estimatesOfTheRankAreWhatTheyClaim() {
    long dimension = posterior.dimension();
    ElboResult exact = result(RankEstimator.EXACT);
    assertThat(exact.rank()).isEqualTo(dimension - 6);
    assertThat(exact.imageDimension().item()).isEqualTo(6);
    double inner = noise.mul(exact.kernelSamples()).sum().item() / 2;
    assertThat(result(RankEstimator.HUTCHINSON).rank())
        .isCloseTo(Math.min(inner, dimension - 1), within(1e-9));
    double image = exact.imageSamples().square().sum().item() / 2;
    assertThat(result(RankEstimator.IMAGE_NORM).rank()).isCloseTo(dimension - image, within(1e-9));
    noise.mul_(10.0);
    assertThat(result(RankEstimator.HUTCHINSON).rank()).isEqualTo(dimension - 1.0);
  }

  @Test
  void badInputIsRefusedAndAnExceptionOfTheModelArrivesAsItself() {
    Elbo elbo = new Elbo(model, loss, ElboOptions.exact(), 10);
    Tensor wrong = Tensor.zeros(DType.FLOAT64, 2, 5);
    assertThatThrownBy(() -> elbo.evaluate(posterior, inputs, targets, wrong))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("noise")
        .hasMessageContaining("[2, 5]");
    assertThatThrownBy(
            () -> elbo.evaluate(posterior, inputs, targets, noise, noise.narrow(0, 0, 1)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("imageBase");
    assertThatThrownBy(() -> elbo.evaluate(posterior, inputs, targets, noise.to(DType.FLOAT32)))
        .isInstanceOf(DTypeException.class);
    assertThatThrownBy(() -> elbo.evaluate(posterior, inputs.div(0.0), targets, noise))
        .isInstanceOf(LinalgException.class);
    assertThatThrownBy(() -> new Elbo(model, loss, ElboOptions.exact(), 0))
        .isInstanceOf(ArgumentException.class);
    Elbo other = new Elbo(Mlp.of(new int[] {3, 4}, Activation.TANH), loss, ElboOptions.exact(), 1);
    assertThatThrownBy(() -> other.evaluate(posterior, inputs, targets, noise))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("the model needs 16");

    IllegalStateException thrown = new IllegalStateException("from the model");
    Model failing =
        new OpaqueModel(model) {
          @Override
          public Tensor apply(Tensor parameters, Tensor x) {
            throw thrown;
          }
        };
    Elbo broken = new Elbo(failing, loss, ElboOptions.exact(), 1);
    assertThatThrownBy(() -> broken.evaluate(posterior, inputs, targets, noise)).isSameAs(thrown);
  }

  private ElboResult result(RankEstimator estimator) {
    ElboOptions options = ElboOptions.exact().withSolver(new ExactSolver(), estimator);
    return new Elbo(model, loss, options, 10).evaluate(posterior, inputs, targets, noise);
  }

  private double gradientsDiffer(Model of, ElboOptions a, ElboOptions b, KernelImagePosterior at) {
    Tensor first = new Elbo(of, loss, a, 10).evaluate(at, inputs, targets, noise).gradient();
    Tensor second = new Elbo(of, loss, b, 10).evaluate(at, inputs, targets, noise).gradient();
    return first.sub(second).norm().item();
  }

  /** Central differences along random directions and along both scales. */
  private void checkDerivative(Elbo elbo, Tensor u, Tensor base, double tolerance) {
    Tensor gradient = elbo.evaluate(posterior, inputs, targets, u, base).gradient();
    long dimension = posterior.dimension();
    for (int k = 0; k < 5; k++) {
      Tensor direction = Tensor.zeros(DType.FLOAT64, dimension + 2);
      if (k < 3) {
        direction.narrow(0, 0, dimension).copy_(Tensor.randn(rng, DType.FLOAT64, dimension));
      } else {
        direction.select(0, dimension + k - 3).fill_(1.0);
      }
      double h = 1e-5;
      double up = valueAt(elbo, direction, h, u, base);
      double down = valueAt(elbo, direction, -h, u, base);
      double slope = gradient.mul(direction).sum().item();
      assertThat((up - down) / (2 * h))
          .as("direction %s", k)
          .isCloseTo(slope, within(tolerance * Math.max(1, Math.abs(slope))));
    }
  }

  private double valueAt(Elbo elbo, Tensor direction, double h, Tensor u, Tensor base) {
    KernelImagePosterior moved = KernelImagePosterior.of(posterior.mean(), 1.4, -1.1);
    moved.variables().addScaled_(direction, h);
    return elbo.evaluate(moved, inputs, targets, u, base).loss().item();
  }
}
