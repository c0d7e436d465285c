package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.linalg.KernelProjection;
import dev.viking.linalg.Projection;
import dev.viking.nn.BatchJacobian;
import dev.viking.nn.Linearisation;
import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Op;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The objective of one minibatch, (1/S) sum_s sum_i loss_i(theta_s) + beta KL(q || p), to be
 * minimised, and its full gradient (Fadel et al. 2025, section 4).
 *
 * <p>theta_s = mean + sigma_ker k_s + sigma_im m_s with k_s = P u_s and m_s = u_s - k_s. P depends
 * on the mean; its derivative is that of the KKT system behind it: for a cotangent w of P u, with
 * mu = K^-1 J w and q = P w, the mean gets minus the gradient of mu^T J k + lambda^T J q with
 * everything but J held constant, two weighted Hessian-vector products. With scales for groups of
 * parameters the divergence depends on the projection too; that part of the gradient is estimated
 * from the same noise, without bias where the noise is standard normal in the image.
 *
 * <p>Immutable; may be used by several threads at once, each with its own posterior and scope.
 */
public final class Elbo {
  private static final Op ADDCMUL_OUT = Op.of("aten::addcmul", "out");

  private final Model model;
  private final Model dataModel;
  private final Loss loss;
  private final ElboOptions options;
  private final long dataSize;

  /**
   * The objective for a model and a loss.
   *
   * @param model the network
   * @param loss the negative log-likelihood of one example
   * @param options what the objective is made of
   * @param dataSize N, the number of training examples, which a relative KL weight refers to
   */
  public Elbo(Model model, Loss loss, ElboOptions options, long dataSize) {
    this(model, model, loss, options, dataSize);
  }

  /**
   * The objective with a network of its own for the data term: one that normalises with each
   * minibatch's statistics, for which there are no gradients of single examples, while the
   * projection's rows are those of the same network with constant statistics. The gradient is that
   * of this objective, the constants held fixed.
   *
   * @param model the network whose Jacobian gives the projection
   * @param dataModel the network of the data term, with the same parameters
   * @param loss the negative log-likelihood of one example
   * @param options what the objective is made of
   * @param dataSize N, the number of training examples, which a relative KL weight refers to
   * @throws ShapeException when the networks have other numbers of parameters
   * @throws ArgumentException when the networks differ and predictions are linearised, which takes
   *     gradients of single examples
   */
  public Elbo(Model model, Model dataModel, Loss loss, ElboOptions options, long dataSize) {
    Arguments.atLeast("Elbo", "dataSize", dataSize, 1);
    if (dataModel.layout().total() != model.layout().total()) {
      throw new ShapeException(
          "Elbo: dataModel has "
              + dataModel.layout().total()
              + " parameters; the model's "
              + model.layout().total()
              + " are needed");
    }
    if (!dataModel.equals(model) && options.predictions() != Predictions.SAMPLED) {
      throw new ArgumentException(
          "Elbo: predictions are "
              + options.predictions()
              + " with a dataModel of its own; SAMPLED is needed");
    }
    this.model = model;
    this.dataModel = dataModel;
    this.loss = loss;
    this.options = options;
    this.dataSize = dataSize;
  }

  /**
   * Evaluates the objective where the image part is what the projection takes from the noise, m = u
   * - P u.
   *
   * @param posterior the variables; read only
   * @param inputs [B, ...]
   * @param targets [B] or [B, C], as the loss wants them
   * @param noise u, [S, D], one row per Monte-Carlo sample
   * @return value, gradient, samples and diagnostics, in the caller's current scope
   * @throws ShapeException when a shape does not fit
   * @throws dev.viking.torch.DTypeException when the noise is of another type than the parameters
   * @throws dev.viking.torch.LinalgException when the Jacobian holds NaN or infinite values
   */
  public ElboResult evaluate(
      KernelImagePosterior posterior, Tensor inputs, Tensor targets, Tensor noise) {
    return evaluate(posterior, inputs, targets, noise, noise);
  }

  /**
   * Evaluates the objective with an image part m = base - P u of its own base: with gamma = 1 the
   * projected vector is the carried one, and the base the draw at the start of the epoch.
   *
   * @param posterior the variables; read only
   * @param inputs [B, ...]
   * @param targets [B] or [B, C], as the loss wants them
   * @param noise u, [S, D]
   * @param imageBase [S, D], what the kernel part is taken from to give the image part
   * @return value, gradient, samples and diagnostics, in the caller's current scope
   * @throws ShapeException when a shape does not fit
   */
  public ElboResult evaluate(
      KernelImagePosterior posterior,
      Tensor inputs,
      Tensor targets,
      Tensor noise,
      Tensor imageBase) {
    TrainingData.Batch batch = new TrainingData.Batch(inputs, targets);
    return evaluate(posterior, batch, batch, noise, imageBase);
  }

  /**
   * Evaluates the objective of a minibatch where the projection is that of other examples, for
   * instance the minibatch and more.
   *
   * @param posterior the variables; read only
   * @param batch the B examples of the data term
   * @param projected the examples whose Jacobian the kernel belongs to
   * @param noise u, [S, D]
   * @param imageBase [S, D], what the kernel part is taken from to give the image part
   * @return value, gradient, samples and diagnostics, in the caller's current scope
   * @throws ShapeException when a shape does not fit
   */
  public ElboResult evaluate(
      KernelImagePosterior posterior,
      TrainingData.Batch batch,
      TrainingData.Batch projected,
      Tensor noise,
      Tensor imageBase) {
    Checks.samples("Elbo.evaluate", "noise", noise, posterior);
    Checks.samples("Elbo.evaluate", "imageBase", imageBase, posterior);
    if (posterior.scales().isGrouped() && options.rankEstimator() != RankEstimator.EXACT) {
      throw new ArgumentException(
          "Elbo.evaluate: the posterior has scales for groups of parameters, whose divergence needs a"
              + " basis of the image; rankEstimator is "
              + options.rankEstimator()
              + "; EXACT, with ExactSolver, is needed");
    }
    if (model.layout().total() != posterior.dimension()) {
      throw new ShapeException(
          "Elbo.evaluate: the posterior has "
              + posterior.dimension()
              + " parameters; the model needs "
              + model.layout().total());
    }
    if (!Arrays.equals(noise.shape(), imageBase.shape())) {
      throw new ShapeException(
          "Elbo.evaluate: imageBase has shape "
              + Arrays.toString(imageBase.shape())
              + "; the noise's, "
              + Arrays.toString(noise.shape())
              + ", is needed");
    }
    try (Scope scope = Scope.open();
        Linearisation at =
            Linearisation.of(
                model, loss, posterior.mean(), projected.inputs(), projected.targets())) {
      long limit = options.memoryLimit();
      boolean ofLoss = options.jacobian() == JacobianKind.LOSS;
      BatchJacobian rows = ofLoss ? at.lossRows(limit) : at.functionRows(limit);
      KernelProjection projection =
          KernelProjection.of(BatchOperator.of(rows, options.solver(), limit), options.solver());
      Projection split = projection.project(noise);
      Tensor kernel = split.kernel();
      Tensor image = noise == imageBase ? split.image() : imageBase.sub(kernel);
      Tensor scaleKernel = posterior.kernelFactor();
      Tensor scaleImage = posterior.imageFactor();
      Expectation data;
      if (options.predictions() == Predictions.SAMPLED) {
        Tensor samples = posterior.samples(kernel, image, scaleKernel, scaleImage);
        data =
            batch.inputs() == projected.inputs()
                    && batch.targets() == projected.targets()
                    && dataModel.equals(model)
                ? Expectations.sampled(at, samples)
                : Expectations.sampled(dataModel, loss, samples, batch.inputs(), batch.targets());
      } else {
        data =
            linearised(
                posterior,
                batch,
                posterior.deviations(kernel, image),
                at,
                batch.inputs() == projected.inputs() ? rows : null);
      }
      double weight = options.klWeight().of(batch.inputs().size(0), dataSize);
      Tensor imageDimension = imageDimension(projection, imageBase, kernel, image);
      GroupedDivergence grouped =
          posterior.scales().isGrouped() ? GroupedDivergence.of(posterior, projection) : null;
      KlDivergence kl =
          grouped != null ? grouped.divergence : KlDivergence.of(posterior, imageDimension);

      Tensor slope = data.sampleGradients();
      long dimension = posterior.dimension();
      long variables = posterior.variables().size(0);
      Tensor gradient = Tensor.empty(new long[] {variables}, slope.dtype(), slope.device());
      Tensor gradMean = gradient.narrow(0, 0, dimension);
      Tensor pullToPrior = kl.precision().mul(weight);
      ADDCMUL_OUT.call(sum(slope), posterior.mean(), pullToPrior, 1.0, gradMean);
      if (data.linearisationGradient() != null) {
        gradMean.add_(data.linearisationGradient());
      }
      if (options.projectionGradient() != ProjectionGradient.NONE) {
        Tensor apart = scaleKernel.sub(scaleImage);
        if (grouped == null) {
          gradMean.addcmul_(implicit(at, projection, split, slope, null), apart, -1.0);
        } else {
          Tensor pull = pull(grouped, projection, split, weight);
          gradMean.sub_(implicit(at, projection, split, slope.mul(apart), pull));
        }
      }
      gradient
          .narrow(0, dimension, variables - dimension)
          .copy_(
              kl.scaleGradient(
                  weight,
                  total(posterior, slope, kernel, scaleKernel),
                  total(posterior, slope, image, scaleImage)));
      return new ElboResult(
          scope.keep(data.value().add(kl.value().mul(weight))),
          scope.keep(data.value()),
          scope.keep(kl.value()),
          weight,
          scope.keep(imageDimension),
          scope.keep(grouped == null ? imageDimension : grouped.imageDimensions),
          scope.keep(split.residual()),
          split.status(),
          scope.keep(gradient),
          scope.keep(kernel),
          scope.keep(image),
          scope.keep(data.outputs()));
    }
  }

  /** The sum over samples; of one sample that sample itself. */
  private static Tensor sum(Tensor samples) {
    return samples.size(0) == 1 ? samples.select(0, 0) : samples.sum(0);
  }

  /**
   * The data term of linearised predictions.
   *
   * @param rows the Jacobian that the linearisation has given already, or null where it is one of
   *     other examples
   */
  private Expectation linearised(
      KernelImagePosterior posterior,
      TrainingData.Batch batch,
      Tensor deviations,
      Linearisation at,
      @Nullable BatchJacobian rows) {
    Tensor mean = posterior.mean();
    Tensor targets = batch.targets();
    long limit = options.memoryLimit();
    if (rows != null) {
      boolean ofLoss = options.jacobian() == JacobianKind.LOSS;
      BatchJacobian outputs = ofLoss ? at.functionRows(limit) : rows;
      return Expectations.linearised(at, outputs, loss, deviations, targets);
    }
    try (Linearisation own = Linearisation.of(model, loss, mean, batch.inputs(), targets)) {
      return Expectations.linearised(own, own.functionRows(limit), loss, deviations, targets);
    }
  }

  /**
   * What a divergence that depends on the projection adds to the cotangents of P u: of d tr(H Q) =
   * 2 tr(K^-1 dJ P H J^T) an unbiased estimate by the very samples, sum_s 2/S lambda_s^T dJ (P H
   * m_s) with m_s = J^T lambda_s, the image part of the noise.
   */
  private static Tensor pull(
      GroupedDivergence grouped, KernelProjection projection, Projection split, double weight) {
    Tensor slope = grouped.slope(split.image());
    return projection.adjoint(slope).kernel().mul(-2 * weight / slope.size(0));
  }

  /** The gradient of sum_s mu_s^T J(theta) k_s + lambda_s^T J(theta) q_s, [D]. */
  private Tensor implicit(
      Linearisation at,
      KernelProjection projection,
      Projection split,
      Tensor slope,
      @Nullable Tensor pull) {
    KernelProjection.Adjoint adjoint = projection.adjoint(slope);
    Tensor second = pull == null ? adjoint.kernel() : adjoint.kernel().add(pull);
    Tensor weights = Tensor.cat(List.of(adjoint.multipliers(), split.multipliers()), 0);
    Tensor vectors = Tensor.cat(List.of(split.kernel(), second), 0);
    return options.jacobian() == JacobianKind.LOSS
        ? at.lossWeightedHvp(weights, vectors)
        : at.functionWeightedHvp(weights, vectors);
  }

  /** D - R, float64. */
  private Tensor imageDimension(
      KernelProjection projection, Tensor base, Tensor kernel, Tensor image) {
    double samples = (double) kernel.size(0);
    return switch (options.rankEstimator()) {
      case EXACT -> projection.rankTensor().orElseThrow();
      case HUTCHINSON ->
          total(base, kernel).div(samples).rsub((double) kernel.size(1)).clampMin(1.0);
      case IMAGE_NORM -> total(image, image).div(samples);
    };
  }

  /**
   * The derivative of the data term in the logarithm of a scale: the sum over all entries of two
   * tensors' product, times the scale; 0-dimensional, or [G] for a scale of each group.
   */
  private static Tensor total(
      KernelImagePosterior posterior, Tensor slope, Tensor samples, Tensor factor) {
    if (factor.dim() == 0) {
      return total(slope, samples).mul(factor);
    }
    List<Tensor> sums = new ArrayList<>();
    Tensor perParameter = slope.mul(samples).sum(0).mul(factor);
    for (Tensor part : perParameter.splitWithSizes(posterior.scales().sizes(), 0)) {
      sums.add(part.sum().to(DType.FLOAT64));
    }
    return Tensor.stack(sums, 0);
  }

  /** The sum over all entries of a product, as float64. */
  private static Tensor total(Tensor a, Tensor b) {
    return a.flatten().dot(b.flatten()).to(DType.FLOAT64);
  }
}
