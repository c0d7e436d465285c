package dev.viking.serving;

import dev.viking.nn.Activation;
import dev.viking.nn.AvgPool2d;
import dev.viking.nn.Conv2d;
import dev.viking.nn.Flatten;
import dev.viking.nn.Layer;
import dev.viking.nn.Linear;
import dev.viking.nn.MaxPool2d;
import dev.viking.nn.ParameterLayout;
import dev.viking.nn.Sequential;
import dev.viking.nn.Window;
import dev.viking.torch.StackedNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Turns a model's layers into those that the native loops know. */
final class NetworkPlan {
  private static final long NO_BIAS = -1;

  private NetworkPlan() {}

  /** The layers, or nothing when one is of another kind. */
  static Optional<List<StackedNetwork.Layer>> of(Sequential model) {
    if (model.inputShape().length != 1 && model.inputShape().length != 3) {
      return Optional.empty();
    }
    List<StackedNetwork.Layer> plan = new ArrayList<>();
    for (Layer layer : ordered(model.layers())) {
      Optional<StackedNetwork.Layer> known = of(layer, model.layout());
      if (known.isEmpty()) {
        return Optional.empty();
      }
      plan.add(known.get());
    }
    return Optional.of(plan);
  }

  // The maximum of a monotone function is the function of the maximum, and there are fewer of
  // those.
  private static List<Layer> ordered(List<Layer> layers) {
    List<Layer> ordered = new ArrayList<>(layers);
    for (int i = 0; i + 1 < ordered.size(); i++) {
      if (ordered.get(i) instanceof Activation activation
          && activation.isMonotone()
          && ordered.get(i + 1) instanceof MaxPool2d pool) {
        ordered.set(i, pool);
        ordered.set(i + 1, activation);
      }
    }
    return ordered;
  }

  // Kinds of layers come and go in dev.viking.nn; what is not named here takes the other path.
  private static Optional<StackedNetwork.Layer> of(Layer layer, ParameterLayout layout) {
    if (layer instanceof Linear linear) {
      return Optional.of(
          new StackedNetwork.Layer(
              StackedNetwork.Kind.LINEAR,
              linear.outputs(),
              0,
              0,
              0,
              layout.entry(linear.name() + ".weight").offset(),
              linear.bias() ? layout.entry(linear.name() + ".bias").offset() : NO_BIAS));
    }
    if (layer instanceof Conv2d conv && conv.groups() == 1) {
      Window window = conv.window();
      long k = window.kernelHeight();
      long stride = window.strideHeight();
      long padding = window.top();
      if (!window.equals(
          new Window(k, k, stride, stride, padding, padding, padding, padding, 1, 1))) {
        return Optional.empty();
      }
      return Optional.of(
          new StackedNetwork.Layer(
              StackedNetwork.Kind.CONV2D,
              conv.outputs(),
              k,
              stride,
              padding,
              layout.entry(conv.name() + ".weight").offset(),
              conv.bias() ? layout.entry(conv.name() + ".bias").offset() : NO_BIAS));
    }
    if (layer instanceof MaxPool2d pool && pool.padding() == 0) {
      return Optional.of(plain(StackedNetwork.Kind.MAX_POOL2D, pool.kernel(), pool.stride()));
    }
    if (layer instanceof AvgPool2d pool && pool.padding() == 0) {
      return Optional.of(plain(StackedNetwork.Kind.AVG_POOL2D, pool.kernel(), pool.stride()));
    }
    if (layer instanceof Flatten) {
      return Optional.of(plain(StackedNetwork.Kind.FLATTEN, 0, 0));
    }
    if (layer instanceof Activation activation) {
      return switch (activation) {
        case TANH -> Optional.of(plain(StackedNetwork.Kind.TANH, 0, 0));
        case RELU -> Optional.of(plain(StackedNetwork.Kind.RELU, 0, 0));
        case GELU_TANH -> Optional.of(plain(StackedNetwork.Kind.GELU_TANH, 0, 0));
        case SILU -> Optional.of(plain(StackedNetwork.Kind.SILU, 0, 0));
        default -> Optional.empty();
      };
    }
    return Optional.empty();
  }

  private static StackedNetwork.Layer plain(StackedNetwork.Kind kind, long kernel, long stride) {
    return new StackedNetwork.Layer(kind, 0, kernel, stride, 0, 0, 0);
  }
}
