package dev.viking.examples;

import dev.viking.metrics.Classification;
import dev.viking.nn.Losses;
import dev.viking.nn.Sequential;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.Predictions;
import dev.viking.posterior.PredictiveSamples;
import dev.viking.posterior.Predictor;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.function.Function;
import java.util.function.IntConsumer;

/**
 * Evaluates trained networks on test images. The samples depend on the seed alone, so that the same
 * posterior evaluated again gives the same numbers. {@link #draw} reads the training images only,
 * everything else the test images: it comes first.
 *
 * @param config how the network was trained
 * @param sets the images; samples are projected through the training images
 * @param samples how many posterior samples predict
 * @param interrupts asked between blocks of work
 */
record Evaluator(RunConfig config, ImageSets sets, int samples, Interrupts interrupts) {
  /** What is added to a run's seed for the seed of its samples. */
  static final long SAMPLE_STREAM = 0x5eedL << 32;

  /** Evaluates one parameter vector, [D]. */
  Evaluation point(Sequential network, Tensor parameters) {
    try (Scope _ = Scope.open()) {
      Predictor predictor = new Predictor(network, Predictions.SAMPLED);
      return Evaluation.of(classify(inputs -> predictor.predict(parameters, inputs), _ -> {}));
    }
  }

  /** Draws samples by one pass of alternating projections over the training images. */
  PosteriorSamples draw(Posteriors.Trained trained, long seed, Progress progress) {
    try (Rng rng = Rng.seeded(seed + SAMPLE_STREAM, config.device())) {
      PosteriorSamples drawn =
          new AlternatingProjections(
                  trained.network(), Losses.softmaxCrossEntropy(), config.evaluationDraw())
              .sample(
                  trained.posterior(),
                  sets.examples(sets.train(), config.device()),
                  samples,
                  rng,
                  new SamplingWatch(progress, interrupts));
      progress.end();
      return drawn;
    }
  }

  /** Evaluates a posterior by samples of it, with the mean of their probabilities. */
  Evaluation posterior(Posteriors.Trained trained, PosteriorSamples drawn, Progress progress) {
    try (Scope _ = Scope.open()) {
      progress.begin(
          "testing", ImagePredictions.chunks(sets.examples(sets.test(), config.device())));
      Predictor predictor = new Predictor(trained.network(), Predictions.SAMPLED);
      Classification predictions =
          classify(
              inputs -> predictor.predict(trained.posterior(), drawn, inputs),
              done -> progress.to(done, samples + " samples"));
      progress.end();
      return Evaluation.of(predictions);
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
