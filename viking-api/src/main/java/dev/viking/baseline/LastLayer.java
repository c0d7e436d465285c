package dev.viking.baseline;

import dev.viking.nn.Layer;
import dev.viking.nn.Linear;
import dev.viking.nn.Model;
import dev.viking.nn.Parameter;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * A network cut before its last linear layer.
 *
 * @param body what comes before; its outputs are the features
 * @param features F
 * @param outputs C
 * @param biased whether the layer has a bias
 */
record LastLayer(Sequential body, long features, long outputs, boolean biased) {

  static LastLayer of(String method, Model model) {
    if (!(model instanceof Sequential sequential)) {
      throw new ArgumentException(
          method
              + ": the model is a "
              + model.getClass().getSimpleName()
              + "; a Sequential is needed, whose layers are known");
    }
    List<Layer> layers = sequential.layers();
    List<Layer> before = layers.subList(0, layers.size() - 1);
    boolean any = before.stream().anyMatch(layer -> !layer.parameters().isEmpty());
    if (!(layers.getLast() instanceof Linear) || !any) {
      throw new ArgumentException(
          method
              + ": the model ends with "
              + layers.getLast()
              + (any ? "" : " and has no parameters before it")
              + "; a linear layer after others with parameters is needed");
    }
    List<Parameter> parameters = layers.getLast().parameters();
    long[] shape = parameters.getFirst().shape();
    return new LastLayer(
        Sequential.of(sequential.inputShape(), before), shape[1], shape[0], parameters.size() > 1);
  }

  /** Numbers of parameters: weight, row by row, and bias. */
  long size() {
    return outputs * width();
  }

  /** Features, and a one where there is a bias. */
  long width() {
    return features + (biased ? 1 : 0);
  }

  /** The layer's own parameters among all, [P], a view. */
  Tensor own(Tensor parameters) {
    return parameters.narrow(0, parameters.size(0) - size(), size());
  }

  /** Features of inputs, [N, F], and a column of ones where there is a bias. */
  Tensor features(Tensor parameters, Tensor inputs) {
    try (Scope scope = Scope.open()) {
      Tensor front = parameters.narrow(0, 0, parameters.size(0) - size()).contiguous();
      Tensor values = body.apply(front, inputs);
      if (biased) {
        Tensor ones = Tensor.ones(new long[] {values.size(0), 1}, values.dtype(), values.device());
        values = Tensor.cat(List.of(values, ones), 1);
      }
      return scope.keep(values);
    }
  }

  /** Parameters of the layer, [..., P], as one matrix [..., C, W]: the bias is the last column. */
  Tensor matrices(Tensor own) {
    try (Scope scope = Scope.open()) {
      Tensor rows = own.view(-1, size());
      Tensor weight =
          rows.narrow(1, 0, outputs * features).reshape(rows.size(0), outputs, features);
      Tensor all =
          biased
              ? Tensor.cat(
                  List.of(
                      weight,
                      rows.narrow(1, outputs * features, outputs)
                          .reshape(rows.size(0), outputs, 1)),
                  2)
              : weight;
      return scope.keep(all.contiguous());
    }
  }
}
