package dev.viking.examples;

import dev.viking.baseline.Ivon;
import dev.viking.baseline.LastLayerLaplace;
import dev.viking.baseline.MapEstimate;
import dev.viking.baseline.Method;
import dev.viking.baseline.Mixture;
import dev.viking.baseline.ProjectionSampling;
import dev.viking.baseline.ProjectionSettings;
import dev.viking.baseline.Sgld;
import dev.viking.baseline.Swag;
import dev.viking.baseline.Viking;

/** The methods that can be compared, and how a run's options set them up. */
enum MethodChoice {
  /** The authors' point estimate, five epochs. */
  MAP_SHORT("MAP as short as the authors' (5 epochs, no prior)"),
  /** A point estimate trained as long as VIKING. */
  MAP(
      "MAP with a prior, as many epochs as all of VIKING's stages; what post hoc methods start"
          + " from"),
  /** VIKING. */
  VIKING("this library's method, with the options of viking train"),
  /** A mixture of VIKING's posteriors. */
  VIKING_MIXTURE("mixture of VIKING's posteriors, each from another start"),
  /** Projection sampling with the losses' Jacobian. */
  MIANI_LOSS("projection sampling (Miani et al.) in the kernel of the losses' Jacobian"),
  /** Projection sampling with the outputs' Jacobian. */
  MIANI_FUNCTION("the same with the outputs' Jacobian; ten times as many rows"),
  /** Deep ensemble. */
  ENSEMBLE("deep ensemble of networks trained as MAP"),
  /** Langevin dynamics. */
  SGLD("stochastic gradient Langevin dynamics in cycles"),
  /** IVON. */
  IVON("improved variational online Newton, as long as MAP"),
  /** SWAG. */
  SWAG("a Gaussian from the path of gradient descent, with a low-rank part"),
  /** SWAG without its low-rank part. */
  SWAG_DIAGONAL("the same with independent parameters"),
  /** A mixture of SWAG's Gaussians. */
  MULTI_SWAG("mixture of SWAG's Gaussians, each from another MAP network"),
  /** Last-layer Laplace. */
  LAPLACE("Laplace approximation of the last layer, prior by evidence, samples"),
  /** Last-layer Laplace with the probit approximation. */
  LAPLACE_PROBIT("the same with the probit approximation");

  private static final int SGLD_SAMPLES_PER_CYCLE = 5;

  private final String description;

  MethodChoice(String description) {
    this.description = description;
  }

  /** The name on the command line and of files. */
  String key() {
    return Choices.key(this);
  }

  /** What it is. */
  String description() {
    return description;
  }

  /** The method of a name. */
  static MethodChoice of(String key) {
    return Choices.of("methods", MethodChoice.class, key);
  }

  /** The method with a run's options. The seed is not among them. */
  Method method(RunConfig config, MethodOptions options) {
    MapEstimate map = MapEstimate.asLongAs(config.viking(0), config.number("map-precision"));
    return switch (this) {
      case MAP_SHORT -> MapEstimate.paper();
      case MAP -> map;
      case VIKING -> viking(config, options.draw(config.viking(0)));
      case VIKING_MIXTURE ->
          Mixture.of(options.members, viking(config, options.mixtureDraw(config.viking(0))));
      case MIANI_LOSS -> within(config, ProjectionSampling.loss(map, options.projectionCycles));
      case MIANI_FUNCTION ->
          within(config, ProjectionSampling.function(map, options.projectionCycles));
      case ENSEMBLE -> Mixture.deepEnsemble(options.members, map);
      case SGLD ->
          Sgld.cyclic(
              map.options().mleEpochs(),
              config.integer("batch-size"),
              options.sgldLearningRate,
              options.sgldCycles,
              SGLD_SAMPLES_PER_CYCLE,
              config.number("map-precision"));
      case IVON ->
          Ivon.of(
              map.options().mleEpochs(), config.integer("batch-size"), options.ivonLearningRate);
      case SWAG -> swag(config, options, map);
      case MULTI_SWAG -> new Mixture("MultiSWAG", options.members, swag(config, options, map));
      case SWAG_DIAGONAL ->
          Swag.diagonal(
              map, options.swagEpochs, config.integer("batch-size"), options.swagLearningRate);
      case LAPLACE -> LastLayerLaplace.of(map);
      case LAPLACE_PROBIT -> LastLayerLaplace.probit(map);
    };
  }

  private static Viking viking(RunConfig config, ProjectionSettings draw) {
    return new Viking("VIKING", config.viking(0), draw, config.batchExpectation());
  }

  private static Swag swag(RunConfig config, MethodOptions options, MapEstimate map) {
    return Swag.lowRank(
        map, options.swagEpochs, config.integer("batch-size"), options.swagLearningRate);
  }

  private static Method within(RunConfig config, ProjectionSampling method) {
    return method.withDraw(method.draw().withMemoryBudget(config.memoryLimit()));
  }
}
