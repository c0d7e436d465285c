package dev.viking.posterior;

import com.fasterxml.jackson.databind.JsonNode;
import dev.viking.linalg.ExactSolver;
import dev.viking.nn.Activation;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.torch.DType;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One reference step of the authors' library, as tensors of the current scope. */
final class GoldenCase {
  private final JsonNode json;

  GoldenCase(JsonNode json) {
    this.json = json;
  }

  Model model() {
    int[] sizes = new int[json.get("layers").size()];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = json.get("layers").get(i).asInt();
    }
    return Mlp.of(
        sizes, Activation.valueOf(json.get("activation").asText().toUpperCase(Locale.ROOT)));
  }

  Loss loss() {
    return switch (json.get("loss").asText()) {
      case "softmax_cross_entropy" -> Losses.softmaxCrossEntropy();
      case "sigmoid_binary_cross_entropy" -> Losses.sigmoidBinaryCrossEntropy();
      case "half_squared_error" -> Losses.halfSquaredError();
      default -> throw new AssertionError("unknown loss " + json.get("loss"));
    };
  }

  ElboOptions options() {
    return ElboOptions.exact()
        .withJacobian(JacobianKind.valueOf(json.get("jacobian").asText().toUpperCase(Locale.ROOT)))
        .withPredictions(
            json.get("linearized").asBoolean() ? Predictions.LINEARISED : Predictions.SAMPLED)
        .withSolver(new ExactSolver(), RankEstimator.HUTCHINSON)
        .withKlWeight(KlWeight.absolute(number("beta")));
  }

  Tensor inputs() {
    return tensor(json.get("x"));
  }

  Tensor targets() {
    Tensor targets = tensor(json.get("y"));
    return json.get("loss").asText().equals("softmax_cross_entropy")
        ? targets.to(DType.INT64)
        : targets;
  }

  KernelImagePosterior posterior() {
    List<Tensor> parts = new ArrayList<>();
    for (JsonNode parameter : json.get("params")) {
      parts.add(tensor(parameter.get("data")).flatten());
    }
    return KernelImagePosterior.of(
        Tensor.cat(parts, 0), number("log_precision"), number("log_scale_image"));
  }

  double number(String field) {
    return json.get(field).asDouble();
  }

  Tensor field(String field) {
    return tensor(json.get(field));
  }

  double[] expected(String field) {
    List<Double> values = new ArrayList<>();
    collect(json.get("expected").get(field), values, new ArrayList<>(), 0);
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static Tensor tensor(JsonNode node) {
    List<Double> values = new ArrayList<>();
    List<Long> shape = new ArrayList<>();
    collect(node, values, shape, 0);
    return Tensor.of(
        values.stream().mapToDouble(Double::doubleValue).toArray(),
        shape.stream().mapToLong(Long::longValue).toArray());
  }

  private static void collect(JsonNode node, List<Double> values, List<Long> shape, int depth) {
    if (!node.isArray()) {
      values.add(node.asDouble());
      return;
    }
    if (shape.size() == depth) {
      shape.add((long) node.size());
    }
    for (JsonNode child : node) {
      collect(child, values, shape, depth + 1);
    }
  }
}
