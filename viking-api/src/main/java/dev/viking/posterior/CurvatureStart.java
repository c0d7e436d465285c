package dev.viking.posterior;

import dev.viking.linalg.KernelProjection;
import dev.viking.linalg.Projection;
import dev.viking.nn.BatchJacobian;
import dev.viking.nn.Linearisation;
import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * Scales in closed form: the optimum of 1/2 [h_ker sigma_ker^2 + h_im sigma_im^2] + KL, h being the
 * curvature of the data's loss in kernel and image, divided by the KL weight.
 *
 * @param logPrecision log alpha
 * @param logScaleKernel log sigma_ker
 * @param logScaleImage log sigma_im
 */
record CurvatureStart(double logPrecision, double logScaleKernel, double logScaleImage) {
  private static final int BATCHES = 8;
  private static final int PROBES = 4;
  private static final int ITERATIONS = 10_000;
  private static final double TOLERANCE = 1e-12;
  private static final double LIMIT = 50;

  /**
   * What the optimum depends on.
   *
   * @param dimension D
   * @param imageDimension D - R
   * @param squaredMean |mean|^2
   * @param kernelCurvature h_ker, summed over all directions
   * @param imageCurvature h_im, summed over all directions
   */
  record Facts(
      double dimension,
      double imageDimension,
      double squaredMean,
      double kernelCurvature,
      double imageCurvature) {}

  /** Measures the curvature on a few minibatches by random probes, and solves. */
  static CurvatureStart measure(
      Model model, Loss loss, TrainerOptions options, Tensor mean, TrainingData data, Rng rng) {
    EpochOrder order =
        new EpochOrder(options.seed(), Stage.SIGMAS, 0, data.size(), options.batchSize());
    TrainingData augmented = data.inEpoch(order.key());
    int batches = Math.min(BATCHES, order.steps());
    double weight = options.elbo().klWeight().of(order.batchSize(), data.size());
    double kernel = 0;
    double image = 0;
    double dimension = 0;
    for (int i = 0; i < batches; i++) {
      try (Scope _ = Scope.open()) {
        TrainingData.Batch batch =
            augmented.select(order.window(i, options.projectionExamples(data.size())));
        Tensor noise =
            StochasticAlternatingProjections.noise(rng, mean.expand(PROBES, mean.size(0)));
        Projection split = split(model, loss, options.elbo(), mean, batch, noise);
        TrainingData.Batch seen = augmented.select(order.batch(i));
        kernel += curvature(model, loss, mean, seen, split.kernel());
        image += curvature(model, loss, mean, seen, split.image());
        dimension += split.image().square().sum().item() / PROBES;
      }
    }
    return solve(
        new Facts(
            (double) mean.size(0),
            Math.max(1, dimension / batches),
            mean.dot(mean).item(),
            kernel / batches / weight,
            image / batches / weight),
        options.scales().kernelTied());
  }

  private static Projection split(
      Model model,
      Loss loss,
      ElboOptions elbo,
      Tensor mean,
      TrainingData.Batch batch,
      Tensor noise) {
    try (Scope scope = Scope.open();
        Linearisation at = Linearisation.of(model, loss, mean, batch.inputs(), batch.targets())) {
      long limit = elbo.memoryLimit();
      BatchJacobian rows =
          elbo.jacobian() == JacobianKind.LOSS ? at.lossRows(limit) : at.functionRows(limit);
      Projection split =
          KernelProjection.of(BatchOperator.of(rows, elbo.solver(), limit), elbo.solver())
              .project(noise);
      scope.keep(split.kernel());
      scope.keep(split.image());
      return split;
    }
  }

  /** The mean over vectors v of v^T G v, G being the Gauss-Newton matrix of the summed loss. */
  private static double curvature(
      Model model, Loss loss, Tensor mean, TrainingData.Batch batch, Tensor vectors) {
    try (Scope _ = Scope.open();
        Linearisation at = Linearisation.of(model, mean, batch.inputs())) {
      Tensor changes = at.functionJvp(vectors);
      double sum = 0;
      for (long s = 0; s < vectors.size(0); s++) {
        Tensor change = changes.select(0, s);
        sum += loss.hessianProduct(at.outputs(), batch.targets(), change).mul(change).sum().item();
      }
      return Math.max(0, sum / vectors.size(0));
    }
  }

  /** The optimum, one scale after the other until nothing moves. */
  static CurvatureStart solve(Facts facts, boolean tied) {
    double n = facts.imageDimension();
    double kernelDimension = facts.dimension() - n;
    double image = n / (n + facts.imageCurvature());
    double kernel = 1;
    double precision = 1;
    for (int i = 0; i < ITERATIONS; i++) {
      double before = precision;
      double pull = n * image + facts.squaredMean();
      if (tied) {
        precision = 1 / tiedVariance(facts.kernelCurvature(), n, pull);
        kernel = 1 / precision;
      } else {
        precision = facts.dimension() / (kernelDimension * kernel + pull);
        kernel = kernelDimension / (kernelDimension * precision + facts.kernelCurvature());
      }
      image = n / (n * precision + facts.imageCurvature());
      if (Math.abs(precision - before) <= TOLERANCE * precision) {
        break;
      }
    }
    return new CurvatureStart(
        bounded(Math.log(precision)),
        bounded(0.5 * Math.log(kernel)),
        bounded(0.5 * Math.log(image)));
  }

  /** The positive root x of h x^2 + n x = c, written so that a small h is no trouble. */
  private static double tiedVariance(double h, double n, double c) {
    return 2 * c / (n + Math.sqrt(n * n + 4 * h * c));
  }

  private static double bounded(double log) {
    return Math.max(-LIMIT, Math.min(LIMIT, log));
  }
}
