package dev.viking.baseline;

import dev.viking.internal.Arguments;
import dev.viking.nn.Gradients;
import dev.viking.posterior.LearningRateSchedule;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * IVON, the improved variational online Newton method (Shen et al. 2024, "Variational Learning is
 * Effective for Large Deep Networks"): a diagonal Gaussian whose precision is learnt from the
 * gradients at its samples, at about the cost of Adam. Written from the paper's algorithm 1.
 *
 * <p>Batch norms train with each batch's statistics; each sample predicts with its own, see {@link
 * DiagonalGaussian}.
 *
 * @param name what tables call it
 * @param epochs how long
 * @param batchSize examples in a minibatch
 * @param learningRate before the paper's factor h0 + delta, which makes the first step's size that
 *     of gradient descent with this rate
 * @param schedule of the learning rate
 * @param samples of the Gaussian in each step
 * @param effectiveSize lambda, which divides all variances; 0 for the number of training examples
 * @param hessianStart h0
 * @param beta1 decay of the momentum, in [0, 1)
 * @param beta2 decay of the Hessian, in [0, 1)
 * @param weightDecay delta; lambda delta is the prior's precision
 */
public record Ivon(
    String name,
    int epochs,
    int batchSize,
    double learningRate,
    LearningRateSchedule schedule,
    int samples,
    double effectiveSize,
    double hessianStart,
    double beta1,
    double beta2,
    double weightDecay)
    implements Method {
  private static final long NOISE_STREAM = 3;
  private static final double BELOW_ONE = Math.nextDown(1.0);

  /**
   * Checks the settings.
   *
   * @throws ArgumentException when a number is out of its range
   */
  public Ivon {
    String here = "Ivon";
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(schedule, "schedule");
    Arguments.atLeast(here, "epochs", epochs, 1);
    Arguments.atLeast(here, "batchSize", batchSize, 1);
    Arguments.positive(here, "learningRate", learningRate);
    Arguments.atLeast(here, "samples", samples, 1);
    Arguments.within(here, "effectiveSize", effectiveSize, 0, Double.MAX_VALUE);
    Arguments.positive(here, "hessianStart", hessianStart);
    Arguments.within(here, "beta1", beta1, 0, BELOW_ONE);
    Arguments.within(here, "beta2", beta2, 0, BELOW_ONE);
    Arguments.within(here, "weightDecay", weightDecay, 0, Double.MAX_VALUE);
  }

  /**
   * With the settings that its authors advise: a cosine schedule, one sample, h0 0.1, beta 0.9 and
   * 1 - 1e-5, weight decay 1e-4, lambda the number of examples.
   *
   * @param epochs how long
   * @param batchSize examples in a minibatch
   * @param learningRate its authors use 0.1 to 0.2
   * @return the method
   */
  public static Ivon of(int epochs, int batchSize, double learningRate) {
    return new Ivon(
        "IVON",
        epochs,
        batchSize,
        learningRate,
        LearningRateSchedule.COSINE,
        1,
        0,
        0.1,
        0.9,
        1 - 1e-5,
        1e-4);
  }

  /**
   * As the VIKING paper's experiments ran it: 50 epochs of batches of 32, constant rate 0.001, five
   * samples, h0 1.
   *
   * @return the method
   */
  public static Ivon paper() {
    return new Ivon(
        "IVON, 50 epochs",
        50,
        32,
        1e-3,
        LearningRateSchedule.CONSTANT,
        5,
        0,
        1,
        0.9,
        1 - 1e-5,
        1e-4);
  }

  @Override
  public Map<String, String> hyperparameters() {
    return Collections.unmodifiableMap(new LinkedHashMap<>(RecordTexts.of(this, Set.of("name"))));
  }

  /**
   * Learns mean and variances.
   *
   * @param context model, data, seed; an initial mean is where the mean starts
   * @return the Gaussian, in the caller's current scope
   */
  @Override
  public DiagonalGaussian fit(FitContext context) {
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(Seeds.derive(context.seed(), NOISE_STREAM), context.device())) {
      Tensor mean = context.start(null);
      int size = context.data().size();
      // Examples that a last, partial minibatch leaves out change from epoch to epoch: N counts.
      IvonRule rule = new IvonRule(this, effectiveSize == 0 ? size : effectiveSize, mean);
      new MinibatchLoop(name, epochs, batchSize)
          .run(
              context,
              minibatch -> {
                double done = (double) minibatch.step() / minibatch.steps();
                return step(minibatch, rule, mean, learningRate * schedule.factor(done), rng);
              });
      return new DiagonalGaussian(FitDescription.of(this, context.model()), mean, rule.deviations())
          .keepIn(scope);
    }
  }

  private Tensor step(
      MinibatchLoop.Minibatch minibatch, IvonRule rule, Tensor mean, double rate, Rng rng) {
    Tensor deviations = rule.deviations();
    Tensor gradients = Tensor.zerosLike(mean);
    Tensor products = Tensor.zerosLike(mean);
    Tensor losses = null;
    for (int s = 0; s < samples; s++) {
      Tensor moved = Tensor.randn(rng, mean.dtype(), mean.shape()).mul_(deviations);
      Gradients.Result result = minibatch.gradient(mean.add(moved));
      gradients.addScaled_(result.gradient(), 1.0 / samples);
      products.addcmul_(result.gradient(), moved, 1.0 / samples);
      losses = losses == null ? result.value() : losses.add(result.value());
    }
    rule.step(gradients, products, rate);
    return Objects.requireNonNull(losses).div((double) samples);
  }
}
