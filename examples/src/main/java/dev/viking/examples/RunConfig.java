package dev.viking.examples;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.linalg.ConjugateGradient;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.Solver;
import dev.viking.posterior.AlternatingOptions;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.KlWeight;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainerOptionsBuilder;
import dev.viking.torch.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * All that decides what a training run computes, under the names of the command line's options.
 *
 * @param options option name without dashes to value, in a fixed order
 */
record RunConfig(ObjectNode options) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PAPER_ITERATIONS = 10;
  private static final int RECORDS_EVERY = 5;

  /** Reads what {@link #toString} wrote. */
  static RunConfig parse(String where, String text) {
    try {
      if (JSON.readTree(text) instanceof ObjectNode node) {
        RunConfig config = new RunConfig(node);
        config.check(where);
        return config;
      }
    } catch (JsonProcessingException e) {
      throw new UsageException(where + ": no JSON: " + e.getOriginalMessage());
    }
    throw new UsageException(where + ": not a configuration; a JSON object is needed");
  }

  private void check(String where) {
    for (String name :
        List.of("data", "mode", "seeds", "mle-epochs", "epochs", "batch-size", "samples", "beta")) {
      if (!options.has(name)) {
        throw new UsageException(
            where + ": not a configuration of this program: no \"" + name + "\"");
      }
    }
    mode();
    Device.parse(options.path("device").asText());
  }

  /**
   * Where the options differ from a stored configuration, as one text for each difference.
   *
   * @param stored the stored one
   * @param given which of them are held against it, with what was given
   */
  List<String> conflicts(RunConfig stored, Map<String, String> given) {
    List<String> conflicts = new ArrayList<>();
    given.forEach(
        (name, text) -> {
          JsonNode before = stored.options.path(name);
          if (!options.path(name).equals(before)) {
            conflicts.add(
                "--%s is %s, the stored run has %s"
                    .formatted(
                        name,
                        text,
                        before.isMissingNode() ? "the default" : before.asText(before.toString())));
          }
        });
    return conflicts;
  }

  /** The folder of images, empty for the embedded set. */
  String data() {
    return options.path("data").asText();
  }

  /** The network; runs of before there was a choice have LeNet. */
  ModelChoice model() {
    return ModelChoice.of(options.path("model").asText(ModelChoice.LENET.toString()));
  }

  /** How training images are changed. */
  AugmentChoice augment() {
    return AugmentChoice.of(options.path("augment").asText(AugmentChoice.AUTO.toString()));
  }

  /** Whether VIKING's data term normalises with each minibatch's statistics. */
  boolean batchExpectation() {
    return options.path("batch-norms").asText().equals("batch");
  }

  Mode mode() {
    return Mode.of(options.path("mode").asText());
  }

  List<Long> seeds() {
    List<Long> seeds = new ArrayList<>();
    options.path("seeds").forEach(seed -> seeds.add(seed.asLong()));
    return seeds;
  }

  int integer(String name) {
    return options.path(name).asInt();
  }

  double number(String name) {
    return options.path(name).asDouble();
  }

  Device device() {
    return Device.parse(options.path("device").asText());
  }

  /** The solver of the mode. */
  Solver solver() {
    return mode() == Mode.EXACT ? new ExactSolver() : new ConjugateGradient(PAPER_ITERATIONS, true);
  }

  /** Bytes that Jacobians may take; runs of before there was a choice have the default. */
  long memoryLimit() {
    return options.path(MemoryOption.NAME).asLong(MemoryOption.DEFAULT);
  }

  /** How an evaluation draws samples: one cycle in blocks of the batch size. */
  AlternatingOptions evaluationDraw() {
    return AlternatingOptions.of(JacobianKind.LOSS, solver())
        .withBlockSize(integer("batch-size"))
        .withMemoryBudget(memoryLimit());
  }

  /** How the posterior of one seed is trained. */
  TrainerOptions viking(long seed) {
    boolean exact = mode() == Mode.EXACT;
    double beta = number("beta");
    ElboOptions elbo =
        (exact ? ElboOptions.exact() : ElboOptions.paper())
            .withKlWeight(exact ? KlWeight.relativeTo(beta) : KlWeight.absolute(beta))
            .withMemoryLimit(memoryLimit())
            .withProjectionGradient(BeyondOptions.projectionGradient(options));
    TrainerOptionsBuilder builder = exact ? TrainerOptions.exact() : TrainerOptions.paper();
    return BeyondOptions.apply(options, common(builder, seed))
        .mleEpochs(integer("mle-epochs"))
        .sigmaEpochs(integer("sigma-epochs"))
        .elboEpochs(integer("epochs"))
        .gamma(number("gamma"))
        .elbo(elbo)
        .build();
  }

  /** How the network to compare with is trained: as long as all three stages, with a prior. */
  TrainerOptions map(long seed) {
    return viking(seed).toBuilder()
        .mleEpochs(integer("mle-epochs") + integer("sigma-epochs") + integer("epochs"))
        .sigmaEpochs(0)
        .elboEpochs(0)
        .mlePriorPrecision(number("map-precision"))
        .build();
  }

  private TrainerOptionsBuilder common(TrainerOptionsBuilder builder, long seed) {
    double rate = number("learning-rate");
    return builder
        .seed(seed)
        .batchSize(integer("batch-size"))
        .mleLearningRate(rate)
        .sigmaLearningRate(number("sigma-learning-rate"))
        .elboLearningRate(rate)
        .recordEvery(RECORDS_EVERY)
        .device(device());
  }

  /** The configuration as indented JSON. */
  @Override
  public String toString() {
    return options.toPrettyString();
  }
}
