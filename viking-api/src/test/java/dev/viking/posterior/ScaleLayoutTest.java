package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.viking.linalg.DeviceProjections;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.KernelProjection;
import dev.viking.nn.Activation;
import dev.viking.nn.LeNet;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scales beyond the paper's: against dense Gaussians and finite differences in float64. */
@ExtendWith(LiveHandles.class)
class ScaleLayoutTest {
  private final Model model = Mlp.of(new int[] {3, 4, 3}, Activation.TANH);
  private final Loss loss = Losses.softmaxCrossEntropy();
  private Scope scope;
  private Rng rng;

  @BeforeEach
  void open() {
    scope = Scope.open();
    rng = Rng.seeded(9);
  }

  @AfterEach
  void close() {
    rng.close();
    scope.close();
  }

  @Test
  void layersAreParametersOfOneNameUpToItsLastDot() {
    assertThat(ScaleLayout.FREE.perLayer(LeNet.paper().layout()))
        .isEqualTo(new ScaleLayout(false, List.of(156L, 2416L, 30840L, 10164L, 850L)));
    assertThat(ScaleLayout.TIED.variables()).isEqualTo(2);
    assertThat(ScaleLayout.FREE.variables()).isEqualTo(3);
    assertThat(new ScaleLayout(true, List.of(1L, 2L)).variables()).isEqualTo(3);
    assertThat(new ScaleLayout(false, List.of(1L, 2L)).variables()).isEqualTo(5);
  }

  @Test
  void samplesAreScaledGroupByGroup() {
    Tensor mean = Tensor.of(0.0, 0, 0);
    KernelImagePosterior posterior =
        KernelImagePosterior.of(
            mean,
            new ScaleLayout(false, List.of(1L, 2L)),
            0,
            new double[] {Math.log(2), Math.log(3)},
            new double[] {Math.log(5), Math.log(7)});
    Tensor kernel = Tensor.of(new double[] {1, 1, 0}, 1, 3);
    Tensor image = Tensor.of(new double[] {10, 0, 10}, 1, 3);
    assertThat(posterior.deviations(kernel, image).toDoubleArray())
        .containsExactly(new double[] {25, 7, 30}, within(1e-12));
    assertThat(posterior.scaleImage()).isCloseTo(Math.sqrt(22 / 3.0), within(1e-12));
    assertThat(posterior.scaleKernel()).isCloseTo(Math.sqrt(123 / 3.0), within(1e-12));
    assertThatThrownBy(
            () ->
                KernelImagePosterior.of(
                    mean, new ScaleLayout(false, List.of(1L, 3L)), 0, new double[2], new double[2]))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("have 4 parameters together; the mean's 3");
    assertThatThrownBy(
            () -> KernelImagePosterior.of(mean, ScaleLayout.FREE, 0, new double[1], new double[0]))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("logScaleKernel has 0 numbers; 1 are needed");
  }

  /** Also with dependent rows and with an example whose gradient is zero. */
  @ParameterizedTest
  @CsvSource({
    "false, false, false",
    "true, false, false",
    "false, true, false",
    "true, true, false",
    "false, true, true",
    "true, false, true"
  })
  void theDivergenceOfGroupsIsThatOfTheDenseGaussians(
      boolean tied, boolean deficient, boolean asOnDevices) {
    int dimension = 9;
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 4, dimension);
    if (deficient) {
      rows.select(0, 3).copy_(rows.select(0, 1).sub(rows.select(0, 0)));
      rows = Tensor.cat(List.of(rows, Tensor.zeros(DType.FLOAT64, 1, dimension)), 0);
    }
    ScaleLayout scales = new ScaleLayout(tied, List.of(2L, 3L, 4L));
    Tensor mean = Tensor.randn(rng, DType.FLOAT64, dimension);
    double[] image = {-1.2, 0.4, -0.3};
    double[] kernel = tied ? new double[0] : new double[] {-0.6, 0.2, 0.9};
    KernelImagePosterior posterior = KernelImagePosterior.of(mean, scales, 0.7, image, kernel);
    KernelProjection projection =
        asOnDevices ? DeviceProjections.of(rows) : KernelProjection.of(rows, new ExactSolver());

    GroupedDivergence grouped = GroupedDivergence.of(posterior, projection);

    KlDivergence kl = grouped.divergence;
    assertThat(kl.value().item()).isCloseTo(dense(posterior, rows), within(1e-9));
    assertThat(grouped.imageDimensions.sum().item()).isCloseTo(deficient ? 3 : 4, within(1e-9));
    double[] gradient =
        kl.scaleGradient(1, Tensor.zeros(DType.FLOAT64, 3), Tensor.zeros(DType.FLOAT64, 3))
            .toDoubleArray();
    assertThat(gradient).hasSize(scales.variables());
    for (int i = 0; i < gradient.length; i++) {
      double h = 1e-5;
      KernelImagePosterior up = posterior.copy();
      KernelImagePosterior down = posterior.copy();
      up.variables().select(0, dimension + i).add_(h);
      down.variables().select(0, dimension + i).add_(-h);
      assertThat(gradient[i])
          .as("variable %s", i)
          .isCloseTo((dense(up, rows) - dense(down, rows)) / (2 * h), within(1e-7));
    }
  }

  @Test
  void equalScalesOfGroupsAreOneScale() {
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 4, 9);
    Tensor mean = Tensor.randn(rng, DType.FLOAT64, 9);
    KernelImagePosterior grouped =
        KernelImagePosterior.of(
            mean,
            new ScaleLayout(false, List.of(5L, 4L)),
            0.7,
            new double[] {-1.2, -1.2},
            new double[] {-0.6, -0.6});
    KernelImagePosterior single =
        KernelImagePosterior.of(
            mean, ScaleLayout.FREE, 0.7, new double[] {-1.2}, new double[] {-0.6});
    double expected = KlDivergence.of(single, Tensor.scalar(4, DType.FLOAT64)).value().item();
    assertThat(
            GroupedDivergence.of(grouped, KernelProjection.of(rows, new ExactSolver()))
                .divergence
                .value()
                .item())
        .isCloseTo(expected, within(1e-10));
  }

  /**
   * With noise whose second moment is exactly the identity, the estimate of the divergence's
   * derivative through the projection is exact too.
   */
  @ParameterizedTest
  @CsvSource({
    "false, false, LOSS, SAMPLED",
    "false, true, LOSS, SAMPLED",
    "true, true, LOSS, SAMPLED",
    "false, true, LOSS, LINEARISED",
    "false, true, FUNCTION, LINEARISED"
  })
  void theGradientIsTheDerivative(
      boolean tied, boolean grouped, JacobianKind jacobian, Predictions predictions) {
    Problem problem = problem(tied, grouped);
    ElboOptions options =
        ElboOptions.exact()
            .withJacobian(jacobian)
            .withPredictions(predictions)
            .withKlWeight(KlWeight.relativeTo(5));
    Elbo elbo = new Elbo(model, loss, options, 20);
    checkDerivative(elbo, problem, problem.batch);
  }

  @ParameterizedTest
  @CsvSource({"LOSS, SAMPLED", "LOSS, LINEARISED", "FUNCTION, SAMPLED", "FUNCTION, LINEARISED"})
  void theGradientIsTheDerivativeWhereOtherExamplesAreProjectedBy(
      JacobianKind jacobian, Predictions predictions) {
    Problem problem = problem(false, false);
    TrainingData.Batch more =
        new TrainingData.Batch(
            Tensor.cat(List.of(problem.batch.inputs(), Tensor.randn(rng, DType.FLOAT64, 2, 3)), 0),
            Tensor.cat(List.of(problem.batch.targets(), Tensor.randint(rng, 0, 3, 2)), 0));
    ElboOptions options = ElboOptions.exact().withJacobian(jacobian).withPredictions(predictions);
    Elbo elbo = new Elbo(model, loss, options, 20);
    checkDerivative(elbo, problem, more);
    Tensor noise = problem.noise;
    assertThat(
            elbo.evaluate(problem.posterior, problem.batch, more, noise, noise)
                .imageDimension()
                .item())
        .isEqualTo(jacobian == JacobianKind.LOSS ? 6 : 18);
  }

  @Test
  void groupsNeedTheExactRank() {
    Problem problem = problem(false, true);
    Elbo elbo = new Elbo(model, loss, ElboOptions.paper(), 20);
    assertThatThrownBy(
            () ->
                elbo.evaluate(
                    problem.posterior, problem.batch, problem.batch, problem.noise, problem.noise))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("EXACT");
  }

  @Test
  void float32AgreesWithFloat64() {
    Problem problem = problem(false, true);
    Elbo elbo = new Elbo(model, loss, ElboOptions.exact(), 20);
    TrainingData.Batch batch = problem.batch;
    Tensor wide =
        elbo.evaluate(problem.posterior, batch, batch, problem.noise, problem.noise).gradient();
    KernelImagePosterior narrow =
        KernelImagePosterior.of(
            problem.posterior.mean().to(DType.FLOAT32),
            problem.posterior.scales(),
            0.8,
            IMAGE,
            KERNEL);
    Tensor noise = problem.noise.to(DType.FLOAT32);
    TrainingData.Batch single =
        new TrainingData.Batch(batch.inputs().to(DType.FLOAT32), batch.targets());
    Tensor result = elbo.evaluate(narrow, single, single, noise, noise).gradient();
    assertThat(result.to(DType.FLOAT64).sub(wide).norm().item())
        .isLessThan(1e-3 * wide.norm().item());
  }

  @ParameterizedTest
  @CsvSource({"true, false", "false, false", "true, true", "false, true"})
  void empiricalBayesIsWhereTheDivergenceIsFlatInAlpha(boolean tied, boolean grouped) {
    KernelImagePosterior posterior = problem(tied, grouped).posterior;
    Tensor rows = Tensor.randn(rng, DType.FLOAT64, 5, posterior.dimension());
    KernelProjection projection = KernelProjection.of(rows, new ExactSolver());
    Tensor dimensions =
        grouped
            ? GroupedDivergence.of(posterior, projection).imageDimensions
            : Tensor.scalar(5, DType.FLOAT64);
    EmpiricalBayes.update(posterior, dimensions);
    KlDivergence kl =
        grouped
            ? GroupedDivergence.of(posterior, projection).divergence
            : KlDivergence.of(posterior, dimensions);
    assertThat(kl.gradLogPrecision().item()).isCloseTo(0, within(1e-10));
    assertThat(posterior.logPrecision().item()).isNotCloseTo(0.8, within(1e-2));
  }

  @ParameterizedTest
  @CsvSource({
    "true, 0, 300",
    "true, 40, 300",
    "false, 40, 300",
    "false, 1e5, 1e4",
    "true, 1e5, 1e4"
  })
  void theClosedFormStartIsWhereTheQuadraticObjectiveIsFlat(
      boolean tied, double kernelCurvature, double imageCurvature) {
    CurvatureStart.Facts facts =
        new CurvatureStart.Facts(1000, 30, 70, kernelCurvature, imageCurvature);
    CurvatureStart start = CurvatureStart.solve(facts, tied);
    if (tied) {
      assertThat(start.logScaleKernel()).isCloseTo(-0.5 * start.logPrecision(), within(1e-12));
    }
    double[] at = {start.logPrecision(), start.logScaleImage(), start.logScaleKernel()};
    for (int i = 0; i < (tied ? 2 : 3); i++) {
      double h = 1e-5;
      double[] up = at.clone();
      double[] down = at.clone();
      up[i] += h;
      down[i] -= h;
      assertThat((quadratic(facts, up, tied) - quadratic(facts, down, tied)) / (2 * h))
          .as("variable %s", i)
          .isCloseTo(0, within(1e-4));
    }
  }

  /** In a linear model, moves in the kernel of the gradients change no output. */
  @Test
  void theStartMeasuresTheCurvature() {
    Model linear = Mlp.of(new int[] {12, 1}, Activation.TANH);
    Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 40, 12);
    TrainingData data = TrainingData.of(inputs, Tensor.randn(rng, DType.FLOAT64, 40, 1));
    Tensor mean = linear.initialise(rng, DType.FLOAT64, Device.CPU);
    TrainerOptions options =
        TrainerOptions.exact()
            .batchSize(5)
            .dtype(DType.FLOAT64)
            .scales(ScaleOptions.paper().withKernelTied(false))
            .build();
    CurvatureStart start =
        CurvatureStart.measure(linear, Losses.halfSquaredError(), options, mean, data, rng);
    double precision = Math.exp(start.logPrecision());
    // Without curvature the kernel has the prior's variance.
    assertThat(Math.exp(-2 * start.logScaleKernel()))
        .isCloseTo(precision, within(1e-6 * precision));
    // Per direction of the image: the sum over the data of |x|^2 + 1, over the 5 of a minibatch.
    double curvature = (inputs.square().sum().item() + 40) / 5;
    assertThat(Math.exp(-2 * start.logScaleImage()) - precision)
        .isBetween(0.7 * curvature, 1.4 * curvature);
  }

  private static double quadratic(CurvatureStart.Facts facts, double[] at, boolean tied) {
    double alpha = Math.exp(at[0]);
    double image = Math.exp(2 * at[1]);
    double kernel = tied ? 1 / alpha : Math.exp(2 * at[2]);
    double n = facts.imageDimension();
    double r = facts.dimension() - n;
    return 0.5
        * (facts.kernelCurvature() * kernel
            + facts.imageCurvature() * image
            + r * (alpha * kernel - 1 - Math.log(alpha * kernel))
            + n * (alpha * image - 1 - Math.log(alpha * image))
            + alpha * facts.squaredMean());
  }

  private static final double[] IMAGE = {-1.1, -0.5};
  private static final double[] KERNEL = {-0.2, -0.9};

  private record Problem(KernelImagePosterior posterior, TrainingData.Batch batch, Tensor noise) {}

  private Problem problem(boolean tied, boolean grouped) {
    long dimension = model.layout().total();
    Tensor mean = model.initialise(rng, DType.FLOAT64, Device.CPU);
    mean.addScaled_(Tensor.randn(rng, DType.FLOAT64, dimension), 0.3);
    ScaleLayout single = tied ? ScaleLayout.TIED : ScaleLayout.FREE;
    ScaleLayout scales = grouped ? single.perLayer(model.layout()) : single;
    int count = scales.count();
    KernelImagePosterior posterior =
        KernelImagePosterior.of(
            mean,
            scales,
            0.8,
            Arrays.copyOf(IMAGE, count),
            Arrays.copyOf(KERNEL, tied ? 0 : count));
    Tensor noise =
        Tensor.randn(rng, DType.FLOAT64, dimension, dimension)
            .qr()
            .q()
            .mul(Math.sqrt(dimension))
            .contiguous();
    return new Problem(
        posterior,
        new TrainingData.Batch(
            Tensor.randn(rng, DType.FLOAT64, 4, 3), Tensor.randint(rng, 0, 3, 4)),
        noise);
  }

  private void checkDerivative(Elbo elbo, Problem problem, TrainingData.Batch projected) {
    KernelImagePosterior posterior = problem.posterior;
    Tensor gradient =
        elbo.evaluate(posterior, problem.batch, projected, problem.noise, problem.noise).gradient();
    long dimension = posterior.dimension();
    int scales = posterior.scales().variables();
    assertThat(gradient.size(0)).isEqualTo(dimension + scales);
    for (int k = 0; k < 3 + scales; k++) {
      Tensor direction = Tensor.zeros(DType.FLOAT64, dimension + scales);
      if (k < 3) {
        direction.narrow(0, 0, dimension).copy_(Tensor.randn(rng, DType.FLOAT64, dimension));
      } else {
        direction.select(0, dimension + k - 3).fill_(1.0);
      }
      double h = 1e-5;
      double up = valueAt(elbo, problem, projected, direction, h);
      double down = valueAt(elbo, problem, projected, direction, -h);
      double slope = gradient.mul(direction).sum().item();
      assertThat((up - down) / (2 * h))
          .as("direction %s", k)
          .isCloseTo(slope, within(2e-6 * Math.max(1, Math.abs(slope))));
    }
  }

  private static double valueAt(
      Elbo elbo, Problem problem, TrainingData.Batch projected, Tensor direction, double h) {
    KernelImagePosterior moved = problem.posterior.copy();
    moved.variables().addScaled_(direction, h);
    return elbo.evaluate(moved, problem.batch, projected, problem.noise, problem.noise)
        .loss()
        .item();
  }

  /** From the factor A = L_ker P + L_im Q itself. */
  private static double dense(KernelImagePosterior posterior, Tensor rows) {
    Tensor projector = rows.pinv(1e-10).matmul(rows);
    Tensor identity = Tensor.eye(posterior.dimension(), DType.FLOAT64, Device.CPU);
    Tensor kernelFactor = posterior.kernelFactor();
    Tensor kernel =
        kernelFactor.dim() == 0
            ? identity.sub(projector).mul(kernelFactor)
            : kernelFactor.unsqueeze(1).mul(identity.sub(projector));
    Tensor root = kernel.add(posterior.imageFactor().unsqueeze(1).mul(projector));
    return KlDivergenceTest.dense(posterior.mean(), posterior.logPrecision().item(), root);
  }
}
