package dev.viking.examples;

import dev.viking.metrics.Classification;
import dev.viking.nn.Losses;
import dev.viking.nn.Sequential;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;

/**
 * Evaluates trained networks on test images. The samples depend on the seed alone, so that the same
 * posterior evaluated again gives the same numbers.
 *
 * @param config how the network was trained
 * @param sets the images; samples are projected through the training images
 * @param samples how many posterior samples predict
 * @param interrupts asked between blocks of work
 */
record Evaluator(RunConfig config, ImageSets sets, int samples, Interrupts interrupts) {
  /** What is added to a run's seed for the seed of its samples. */
  static final long SAMPLE_STREAM = 0x5eedL << 32;

  /**
   * A posterior's evaluation.
   *
   * @param predictive with the mean of the samples' probabilities
   * @param kernelShare share of the samples' variance that lies in the kernel
   */
  record PosteriorEvaluation(Evaluation predictive, double kernelShare) {}

  private Sequential network() {
    return config.model().model(sets);
  }

  /** Evaluates one parameter vector, [D]. */
  Evaluation point(Tensor parameters) {
    try (Scope _ = Scope.open()) {
      Predictor predictor = new Predictor(network(), Predictions.SAMPLED);
      return Evaluation.of(classify(inputs -> predictor.predict(parameters, inputs), _ -> {}));
    }
  }

  /**
   * Draws samples by one pass of alternating projections over the training images, and predicts.
   *
   * @param use what else is done with the samples, which are freed afterwards
   */
  PosteriorEvaluation posterior(
      KernelImagePosterior posterior,
      long seed,
      Progress progress,
      Consumer<PosteriorSamples> use) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(seed + SAMPLE_STREAM, config.device())) {
      AlternatingProjections projections =
          new AlternatingProjections(
              network(),
              Losses.softmaxCrossEntropy(),
              JacobianKind.LOSS,
              config.solver(),
              config.integer("batch-size"),
              1);
      ImageExamples data = sets.examples(sets.train(), config.device());
      int chunks = ImagePredictions.chunks(sets.examples(sets.test(), config.device()));
      progress.begin("sampling", Math.ceilDiv(data.size(), config.integer("batch-size")));
      AlternatingListener listener =
          (pass, block, blocks, residual) -> {
            interrupts.check();
            progress.to(block, "residual %.1e".formatted(residual));
          };
      PosteriorSamples drawn = projections.sample(posterior, data, samples, rng, listener);
      progress.end();
      use.accept(drawn);
      progress.begin("testing", chunks);
      Predictor predictor = new Predictor(network(), Predictions.SAMPLED);
      Classification predictions =
          classify(
              inputs -> predictor.predict(posterior, drawn, inputs),
              done -> progress.to(done, samples + " samples"));
      progress.end();
      return new PosteriorEvaluation(Evaluation.of(predictions), drawn.kernelShare());
    }
  }

  /** Predicts the test images, chunk after chunk. */
  private Classification classify(
      Function<Tensor, PredictiveSamples> prediction, IntConsumer done) {
    ImageExamples data = sets.examples(sets.test(), config.device());
    return new ImagePredictions(data, sets.test().labelArray(), interrupts)
        .classify(prediction, done);
  }
}
