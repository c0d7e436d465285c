package dev.viking.baseline;

import dev.viking.posterior.PredictiveSamples;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Samples of several posteriors, one after the other. */
record MixtureDraw(List<PosteriorDraw> draws) implements PosteriorDraw {

  /** Copies the list. */
  MixtureDraw {
    draws = List.copyOf(draws);
  }

  @Override
  public int count() {
    return draws.stream().mapToInt(PosteriorDraw::count).sum();
  }

  @Override
  public PredictiveSamples predict(Tensor inputs) {
    try (Scope scope = Scope.open()) {
      List<Tensor> outputs = new ArrayList<>();
      draws.forEach(draw -> outputs.add(draw.predict(inputs).outputs()));
      return new PredictiveSamples(
          scope.keep(Tensor.cat(outputs, 0)), draws.stream().map(PosteriorDraw::count).toList());
    }
  }

  @Override
  public Map<String, Double> diagnostics() {
    return mean(draws.stream().map(PosteriorDraw::diagnostics).toList());
  }

  @Override
  public List<Tensor> tensors() {
    return draws.stream().flatMap(draw -> draw.tensors().stream()).toList();
  }

  /** The mean of each number over those that have it. */
  static Map<String, Double> mean(List<Map<String, Double>> all) {
    Map<String, List<Double>> byName = new LinkedHashMap<>();
    all.forEach(
        each ->
            each.forEach(
                (name, number) ->
                    byName.computeIfAbsent(name, _ -> new ArrayList<>()).add(number)));
    Map<String, Double> means = new LinkedHashMap<>();
    byName.forEach(
        (name, numbers) ->
            means.put(
                name,
                numbers.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN)));
    return Collections.unmodifiableMap(means);
  }
}
