package dev.viking.serving;

import dev.viking.func.Func;
import dev.viking.nn.Sequential;
import dev.viking.torch.StackedNetwork;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A model as layers that the native loops know, and the parameters that these read: the model's
 * own, followed by numbers that are made of them, such as a convolution's weights times the scales
 * of the batch norm behind it.
 */
final class NetworkPlan {
  private final List<StackedNetwork.Layer> layers;
  private final List<UnaryOperator<Tensor>> more;

  /**
   * A plan.
   *
   * @param layers in order
   * @param more each gives [S, n] made of [S, D] of the model's parameters, by operators that have
   *     forward derivatives
   */
  NetworkPlan(List<StackedNetwork.Layer> layers, List<UnaryOperator<Tensor>> more) {
    this.layers = List.copyOf(layers);
    this.more = List.copyOf(more);
  }

  /** The plan, or nothing when a layer is of a kind that the loops do not know. */
  static Optional<NetworkPlan> of(Sequential model) {
    int sizes = model.inputShape().length;
    return sizes == 1 || sizes == 3 ? new NetworkPlanner(model).plan() : Optional.empty();
  }

  List<StackedNetwork.Layer> layers() {
    return layers;
  }

  /** [S, D'] of the parameters of samples, [S, D]. */
  Tensor parameters(Tensor samples) {
    if (more.isEmpty()) {
      return samples;
    }
    List<Tensor> parts = new ArrayList<>();
    parts.add(samples);
    more.forEach(each -> parts.add(each.apply(samples)));
    return Tensor.cat(parts, 1);
  }

  /** [D'] of the mean, [D]. */
  Tensor mean(Tensor mean) {
    return more.isEmpty() ? mean : parameters(mean.unsqueeze(0)).squeeze(0);
  }

  /** [S, D'], to first order, of deviations from the mean, [S, D]. */
  Tensor deviations(Tensor mean, Tensor deviations) {
    if (more.isEmpty()) {
      return deviations;
    }
    Tensor centres = mean.unsqueeze(0).expand(deviations.shape()).contiguous();
    return Func.jvp(this::parameters, centres, deviations).tangent().contiguous();
  }
}
