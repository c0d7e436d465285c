package dev.viking.examples;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What one seed gave.
 *
 * @param seed the seed
 * @param map the MAP network
 * @param mean the posterior's mean as a point estimate
 * @param viking the posterior's samples
 * @param scales the posterior's scales
 * @param seconds how long it took
 */
record SeedResult(
    long seed, Evaluation map, Evaluation mean, Evaluation viking, Scales scales, Seconds seconds) {

  /**
   * The posterior's scales.
   *
   * @param kernel sigma_ker
   * @param image sigma_im
   * @param kernelShare share of the samples' variance, before scaling, that lies in the kernel
   */
  record Scales(double kernel, double image, double kernelShare) {}

  /**
   * Wall-clock times.
   *
   * @param viking of training the posterior
   * @param map of training the MAP network
   * @param evaluation of sampling and testing
   */
  record Seconds(double viking, double map, double evaluation) {}

  /** Writes the result into a JSON object. */
  void write(ObjectNode target) {
    target.put("seed", seed);
    map.write(target.putObject("map"));
    mean.write(target.putObject("viking_mean"));
    viking.write(target.putObject("viking"));
    target
        .putObject("posterior")
        .put("sigma_ker", scales.kernel())
        .put("sigma_im", scales.image())
        .put("kernel_share", scales.kernelShare());
    target
        .putObject("seconds")
        .put("viking", seconds.viking())
        .put("map", seconds.map())
        .put("evaluation", seconds.evaluation());
  }

  /** Reads what {@link #write} wrote. */
  static SeedResult read(JsonNode source) {
    JsonNode scales = source.path("posterior");
    JsonNode seconds = source.path("seconds");
    return new SeedResult(
        source.path("seed").asLong(),
        Evaluation.read(source.path("map")),
        Evaluation.read(source.path("viking_mean")),
        Evaluation.read(source.path("viking")),
        new Scales(
            scales.path("sigma_ker").asDouble(),
            scales.path("sigma_im").asDouble(),
            scales.path("kernel_share").asDouble()),
        new Seconds(
            seconds.path("viking").asDouble(),
            seconds.path("map").asDouble(),
            seconds.path("evaluation").asDouble()));
  }
}
