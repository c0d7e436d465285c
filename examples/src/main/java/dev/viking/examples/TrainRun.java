package dev.viking.examples;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.baseline.BatchNorms;
import dev.viking.baseline.MapEstimate;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingResult;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A training run: for each seed the posterior, then a MAP network trained equally long, then their
 * evaluation. What a file says is finished is not done again.
 *
 * @param config what to compute
 * @param folder where to
 * @param sets the images
 * @param secondsBetweenCheckpoints within an epoch
 * @param progress where to tell
 * @param interrupts when to stop
 */
record TrainRun(
    RunConfig config,
    RunFolder folder,
    ImageSets sets,
    double secondsBetweenCheckpoints,
    Progress progress,
    Interrupts interrupts) {

  /** Runs all seeds. */
  List<SeedResult> run() {
    List<SeedResult> results = new ArrayList<>();
    for (long seed : config.seeds()) {
      if (folder.several()) {
        progress.say("seed " + seed);
      }
      results.add(seed(seed));
    }
    return results;
  }

  private Sequential network() {
    return config.model().model(sets);
  }

  private SeedResult seed(long seed) {
    Path file = folder.evaluation(seed);
    if (Files.exists(file)) {
      progress.say("already evaluated: " + file);
      return read(file);
    }
    trainPosterior(seed);
    trainMap(seed);
    SeedResult result = evaluate(seed);
    ObjectNode node = new ObjectMapper().createObjectNode();
    result.write(node);
    RunFolder.write(file, node.toPrettyString() + "\n");
    return result;
  }

  private static SeedResult read(Path file) {
    try {
      return SeedResult.read(new ObjectMapper().readTree(RunFolder.read(file)));
    } catch (JsonProcessingException e) {
      throw new UsageException(file + ": no JSON: " + e.getOriginalMessage());
    }
  }

  private void trainPosterior(long seed) {
    Path file = folder.posterior(seed);
    if (Files.exists(file)) {
      progress.say("already trained: " + file);
      return;
    }
    try (Scope _ = Scope.open()) {
      Sequential network = network();
      TrainerOptions options = config.viking(seed);
      SeedTraining.Start start = null;
      if (BatchNorms.in(network)) {
        // The later stages take gradients of single examples, which need statistics that are
        // constants: those of the end of the first stage.
        Posteriors.Point first = firstStage(network, seed);
        network = first.network();
        start =
            new SeedTraining.Start(first.parameters(), Posteriors.origin(folder.firstStage(seed)));
        options = options.toBuilder().mleEpochs(0).build();
      }
      SeedTraining training = training(TrainingCheckpoint.Phase.VIKING, seed, network, options);
      TrainingResult result = training.run(start);
      Posteriors.write(file, network, result.posterior(), null, origin(seed, training), pixels());
      RunFolder.delete(folder.checkpoint());
      RunFolder.delete(folder.firstStage(seed));
    }
  }

  private Posteriors.Point firstStage(Sequential network, long seed) {
    Path file = folder.firstStage(seed);
    if (!Files.exists(file)) {
      trainPoint(TrainingCheckpoint.Phase.FIRST_STAGE, file, network, seed, config.viking(seed));
    }
    return Posteriors.readMap(file, network, config.device());
  }

  private void trainMap(long seed) {
    Path file = folder.map(seed);
    if (Files.exists(file)) {
      progress.say("already trained: " + file);
      return;
    }
    trainPoint(TrainingCheckpoint.Phase.MAP, file, network(), seed, config.map(seed));
  }

  /** Trains a network without a posterior, with batch norms in training mode, and writes it. */
  private void trainPoint(
      TrainingCheckpoint.Phase phase,
      Path file,
      Sequential network,
      long seed,
      TrainerOptions options) {
    try (Scope _ = Scope.open()) {
      // Of the options those that a network alone needs: scales would be started from Jacobians.
      TrainerOptions own = new MapEstimate(phase.name(), options).options();
      SeedTraining training = training(phase, seed, BatchNorms.training(network), own);
      Tensor found = training.run(null).pointEstimate();
      Sequential predicting =
          BatchNorms.estimated(network, found, sets.examples(sets.train(), config.device()));
      Posteriors.writeMap(file, predicting, found, origin(seed, training));
      RunFolder.delete(folder.checkpoint());
    }
  }

  private SeedTraining training(
      TrainingCheckpoint.Phase phase, long seed, Sequential network, TrainerOptions options) {
    return new SeedTraining(
        new TrainingCheckpoint.Key(seed, phase),
        options,
        folder,
        sets,
        network,
        secondsBetweenCheckpoints,
        progress,
        interrupts);
  }

  private Posteriors.Origin origin(long seed, SeedTraining training) {
    return new Posteriors.Origin(config, seed, training.history(), training.seconds());
  }

  /** What a service must do to pixels before the network sees them. */
  private Map<String, String> pixels() {
    return Map.of(
        "pixel-means", sets.normalisation().means().toString(),
        "pixel-deviations", sets.normalisation().deviations().toString());
  }

  private SeedResult evaluate(long seed) {
    try (Scope _ = Scope.open()) {
      Evaluator evaluator = new Evaluator(config, sets, config.integer("samples"), interrupts);
      Posteriors.Trained trained =
          Posteriors.read(folder.posterior(seed), network(), config.device());
      KernelImagePosterior posterior = trained.posterior();
      Posteriors.Origin origin = Posteriors.origin(folder.posterior(seed));
      Posteriors.Point point = Posteriors.readMap(folder.map(seed), network(), config.device());
      long start = System.nanoTime();
      PosteriorSamples samples = evaluator.draw(trained, seed, progress);
      Posteriors.write(
          folder.serving(seed), trained.network(), posterior, samples, origin, pixels());
      // Nothing has read the test images up to here.
      Evaluation viking = evaluator.posterior(trained, samples, progress);
      double seconds = (System.nanoTime() - start) * 1e-9;
      return new SeedResult(
          seed,
          evaluator.point(point.network(), point.parameters()),
          evaluator.point(trained.network(), posterior.mean()),
          viking,
          new SeedResult.Scales(
              posterior.scaleKernel(), posterior.scaleImage(), samples.kernelShare()),
          new SeedResult.Seconds(
              origin.seconds(), Posteriors.origin(folder.map(seed)).seconds(), seconds));
    }
  }
}
