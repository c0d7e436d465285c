package dev.viking.baseline;

import dev.viking.internal.Arguments;
import dev.viking.linalg.ExactSolver;
import dev.viking.nn.Model;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.SamplingStoppedException;
import dev.viking.posterior.Stage;
import dev.viking.posterior.TrainingListener;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Projection sampling (Miani et al. 2025): around a trained network, N(theta, alpha^(-1) P) with P
 * the projection onto the kernel of the data's Jacobian, and predictions with the linearised
 * network.
 *
 * <p>The precision is the one of largest evidence, unless it is set. As the scale in the image goes
 * to zero the Laplace approximation's log-evidence becomes -alpha |theta|^2 / 2 + (D - R)
 * log(alpha) / 2 and terms without alpha, R being the kernel's dimension: the directions in the
 * image are determined by the data and pay log(alpha) / 2 each, those in the kernel pay nothing. So
 * alpha = (D - R) / |theta|^2. (The authors' code has the reciprocal.) D - R is estimated by the
 * squared norm of what the projection takes out of standard normal vectors.
 *
 * @param name what tables call it
 * @param base how the network is trained
 * @param draw Jacobian, cycles over the data, and how samples predict
 * @param logPrecision log alpha; NaN for the precision of largest evidence
 * @param rankSamples vectors that estimate D - R
 */
public record ProjectionSampling(
    String name, MapEstimate base, ProjectionSettings draw, double logPrecision, int rankSamples)
    implements Method {
  private static final int RANK_SAMPLES = 8;
  private static final long RANK_STREAM = 1;

  /** The log-scale of nothing: added to a parameter of any type it changes no bit. */
  static final double NOTHING = -80;

  /**
   * Checks the settings.
   *
   * @throws ArgumentException when a number is out of its range
   */
  public ProjectionSampling {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(base, "base");
    Objects.requireNonNull(draw, "draw");
    Arguments.atLeast("ProjectionSampling", "rankSamples", rankSamples, 1);
    if (!Double.isNaN(logPrecision)) {
      Arguments.within("ProjectionSampling", "logPrecision", logPrecision, -100, 100);
    }
  }

  /**
   * In the kernel of the losses' Jacobian: one row for each example.
   *
   * @param base how the network is trained
   * @param cycles over the data
   * @return the method
   */
  public static ProjectionSampling loss(MapEstimate base, int cycles) {
    return of("Miani, loss", base, JacobianKind.LOSS, cycles);
  }

  /**
   * In the kernel of the outputs' Jacobian: one row for each output of each example.
   *
   * @param base how the network is trained
   * @param cycles over the data
   * @return the method
   */
  public static ProjectionSampling function(MapEstimate base, int cycles) {
    return of("Miani, function", base, JacobianKind.FUNCTION, cycles);
  }

  /**
   * The same with other settings of the projections.
   *
   * @param settings Jacobian, cycles over the data, and how samples predict
   * @return a method that differs in this only
   */
  public ProjectionSampling withDraw(ProjectionSettings settings) {
    return new ProjectionSampling(name, base, settings, logPrecision, rankSamples);
  }

  private static ProjectionSampling of(
      String name, MapEstimate base, JacobianKind jacobian, int cycles) {
    AlternatingOptions projection =
        AlternatingOptions.of(jacobian, new ExactSolver()).withCycles(cycles);
    return new ProjectionSampling(
        name,
        base,
        ProjectionSettings.of(projection, Predictions.LINEARISED),
        Double.NaN,
        RANK_SAMPLES);
  }

  @Override
  public Map<String, String> hyperparameters() {
    Map<String, String> texts = new LinkedHashMap<>();
    draw.describe(texts);
    texts.put("logPrecision", Double.isNaN(logPrecision) ? "evidence" : logPrecision + "");
    texts.put("rankSamples", Integer.toString(rankSamples));
    base.hyperparameters().forEach((setting, text) -> texts.put("base." + setting, text));
    return Collections.unmodifiableMap(texts);
  }

  /**
   * Finds the precision.
   *
   * @param context model, data, seed; an initial mean is the trained network
   * @return the posterior, in the caller's current scope
   * @throws ArgumentException when the network's parameters are all zero, or the data leaves every
   *     direction free: then no precision is the best
   */
  @Override
  public KernelImageFit fit(FitContext context) {
    try (Scope scope = Scope.open()) {
      Tensor mean = context.start(base);
      Model model = BatchNorms.completed(context.model(), mean, context.data());
      double precision = Double.isNaN(logPrecision) ? evidence(model, context, mean) : logPrecision;
      return new KernelImageFit(
              FitDescription.of(this, model), KernelImagePosterior.of(mean, precision, NOTHING))
          .keepIn(scope);
    }
  }

  private double evidence(Model model, FitContext context, Tensor mean) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(Seeds.derive(context.seed(), RANK_STREAM), context.device())) {
      PosteriorSamples samples =
          new AlternatingProjections(model, context.loss(), draw.projection())
              .sample(
                  KernelImagePosterior.of(mean, 0, NOTHING),
                  context.data(),
                  rankSamples,
                  rng,
                  listener(context.listener()));
      double image = Math.pow(samples.image().norm().item(), 2) / rankSamples;
      double norm = Math.pow(mean.norm().item(), 2);
      double precision = image / norm;
      if (!(precision > 0 && precision < Double.POSITIVE_INFINITY)) {
        throw new ArgumentException(
            name
                + ": D - R is "
                + image
                + " and |theta|^2 "
                + norm
                + "; both above 0 are needed for a precision, or one that is set");
      }
      return Math.log(precision);
    } catch (SamplingStoppedException e) {
      throw new FitStoppedException(name + ": " + e.getMessage());
    }
  }

  private static AlternatingListener listener(TrainingListener listener) {
    if (listener.equals(TrainingListener.NONE)) {
      return AlternatingListener.NONE;
    }
    return new AlternatingListener() {
      @Override
      public void onBlock(int pass, int block, int blocks, double residual) {
        listener.onProjection(Stage.SIGMAS, pass, block, blocks, residual);
      }

      @Override
      public boolean wantsStop() {
        return listener.wantsStop();
      }
    };
  }
}
