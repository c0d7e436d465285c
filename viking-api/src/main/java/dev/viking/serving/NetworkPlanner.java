package dev.viking.serving;

import dev.viking.nn.Activation;
import dev.viking.nn.AvgPool2d;
import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.Conv2d;
import dev.viking.nn.Flatten;
import dev.viking.nn.GlobalAvgPool2d;
import dev.viking.nn.GroupNorm;
import dev.viking.nn.Layer;
import dev.viking.nn.LayerNorm;
import dev.viking.nn.Linear;
import dev.viking.nn.MaxPool2d;
import dev.viking.nn.ParameterLayout;
import dev.viking.nn.Residual;
import dev.viking.nn.RmsNorm;
import dev.viking.nn.Sequential;
import dev.viking.nn.Window;
import dev.viking.torch.StackedNetwork;
import dev.viking.torch.StackedNetwork.Kind;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Makes a {@link NetworkPlan}, once. */
final class NetworkPlanner {
  private static final long NONE = -1;

  private final Sequential model;
  private final ParameterLayout layout;
  private final List<StackedNetwork.Layer> planned = new ArrayList<>();
  private final List<UnaryOperator<Tensor>> more = new ArrayList<>();
  private long dimension;

  NetworkPlanner(Sequential model) {
    this.model = model;
    this.layout = model.layout();
    this.dimension = layout.total();
  }

  Optional<NetworkPlan> plan() {
    long[] shape = add(model.layers(), model.inputShape());
    return shape == null || shape.length != 1
        ? Optional.empty()
        : Optional.of(new NetworkPlan(planned, more));
  }

  /** Adds layers one after the other; the shape of what they give, or null when one is unknown. */
  private long @Nullable [] add(List<Layer> layers, long[] inputShape) {
    List<Layer> ordered = Sequential.evaluationOrder(layers);
    long[] shape = inputShape;
    for (int i = 0; i < ordered.size(); i++) {
      Layer layer = ordered.get(i);
      boolean known;
      if (layer instanceof Conv2d conv) {
        boolean normed = i + 1 < ordered.size() && ordered.get(i + 1) instanceof BatchNorm2d;
        known = addConvolution(conv, normed ? (BatchNorm2d) ordered.get(++i) : null);
      } else {
        known = add(layer, shape);
      }
      if (!known) {
        return null;
      }
      shape = layer.outputShape(shape);
    }
    return shape;
  }

  // Kinds of layers come and go in dev.viking.nn; what is not named here takes the other path.
  private boolean add(Layer layer, long[] shape) {
    boolean image = shape.length == 3;
    if (layer instanceof Linear linear) {
      return !image
          && planned.add(
              new StackedNetwork.Layer(
                  Kind.LINEAR,
                  linear.outputs(),
                  0,
                  0,
                  0,
                  offset(linear.name(), "weight"),
                  linear.bias() ? offset(linear.name(), "bias") : NONE));
    }
    if (layer instanceof MaxPool2d pool) {
      return pool.padding() == 0
          && planned.add(plain(Kind.MAX_POOL2D, pool.kernel(), pool.stride()));
    }
    if (layer instanceof AvgPool2d pool) {
      return pool.padding() == 0
          && planned.add(plain(Kind.AVG_POOL2D, pool.kernel(), pool.stride()));
    }
    if (layer instanceof GlobalAvgPool2d) {
      return planned.add(plain(Kind.MEAN2D, 0, 0));
    }
    if (layer instanceof Flatten) {
      return planned.add(plain(Kind.FLATTEN, 0, 0));
    }
    if (layer instanceof Activation activation) {
      Kind kind = kind(activation);
      return kind != null && planned.add(plain(kind, 0, 0));
    }
    if (layer instanceof Residual residual) {
      return addResidual(residual, shape);
    }
    if (layer instanceof BatchNorm2d norm) {
      return addBatchNorm(norm);
    }
    if (layer instanceof LayerNorm norm) {
      return !image && addNorm(Kind.NORM, norm.name(), norm.features(), 1, norm.epsilon(), true);
    }
    if (layer instanceof RmsNorm norm) {
      return !image
          && addNorm(Kind.RMS_NORM, norm.name(), norm.features(), 1, norm.epsilon(), false);
    }
    if (layer instanceof GroupNorm norm) {
      // One channel of one row is a vector to the loops.
      boolean vector = !image || (shape[0] == 1 && shape[1] == 1);
      return !vector
          && addNorm(Kind.NORM, norm.name(), norm.channels(), norm.groups(), norm.epsilon(), true);
    }
    return false;
  }

  private static @Nullable Kind kind(Activation activation) {
    return switch (activation) {
      case TANH -> Kind.TANH;
      case RELU -> Kind.RELU;
      case GELU_TANH -> Kind.GELU_TANH;
      case SILU -> Kind.SILU;
      default -> null;
    };
  }

  private static StackedNetwork.Layer plain(Kind kind, long kernel, long stride) {
    return new StackedNetwork.Layer(kind, 0, kernel, stride, 0, 0, 0);
  }

  private long offset(String layer, String part) {
    return layout.entry(layer + "." + part).offset();
  }

  /** Where [S, size] of further numbers start. */
  private long append(long size, UnaryOperator<Tensor> made) {
    long start = dimension;
    more.add(made);
    dimension += size;
    return start;
  }

  private boolean addResidual(Residual residual, long[] shape) {
    planned.add(plain(Kind.BLOCK, 0, 0));
    long[] body = add(residual.body(), shape);
    planned.add(plain(Kind.SHORTCUT, 0, 0));
    long[] shortcut = add(residual.shortcut(), shape);
    planned.add(plain(Kind.SUM, 0, 0));
    return body != null && shortcut != null && Arrays.equals(body, shortcut);
  }

  private boolean addNorm(
      Kind kind, String name, long weights, long groups, double epsilon, boolean biased) {
    long at =
        append(
            1,
            flat ->
                Tensor.full(new long[] {flat.size(0), 1}, epsilon, flat.dtype(), flat.device()));
    return planned.add(
        new StackedNetwork.Layer(
            kind,
            weights,
            groups,
            at,
            0,
            offset(name, "weight"),
            biased ? offset(name, "bias") : NONE));
  }

  /** A batch norm that follows no convolution is one itself, of 1x1 with a diagonal weight. */
  private boolean addBatchNorm(BatchNorm2d norm) {
    if (norm.isTraining()) {
      return false;
    }
    long channels = norm.channels();
    long weight = append(channels * channels, flat -> scale(flat, norm).diagEmbed().flatten(1, 2));
    long bias = append(channels, flat -> shift(flat, norm));
    return planned.add(new StackedNetwork.Layer(Kind.CONV2D, channels, 1, 1, 0, weight, bias));
  }

  /**
   * A convolution with the batch norm behind it, whose scales go into the weights. The loops know
   * square kernels with the same padding at each side; others get zeros around them.
   */
  private boolean addConvolution(Conv2d conv, @Nullable BatchNorm2d norm) {
    Window w = conv.window();
    long padding = Math.max(Math.max(w.top(), w.bottom()), Math.max(w.left(), w.right()));
    long[] around = {
      padding - w.left(), padding - w.right(), padding - w.top(), padding - w.bottom()
    };
    long kernel = w.kernelHeight() + around[2] + around[3];
    if (conv.groups() != 1
        || w.dilationHeight() != 1
        || w.dilationWidth() != 1
        || w.strideHeight() != w.strideWidth()
        || kernel != w.kernelWidth() + around[0] + around[1]
        || (norm != null && norm.isTraining())) {
      return false;
    }
    ParameterLayout.Entry weight = layout.entry(conv.name() + ".weight");
    ParameterLayout.@Nullable Entry bias = conv.bias() ? layout.entry(conv.name() + ".bias") : null;
    boolean widened = Arrays.stream(around).anyMatch(size -> size != 0);
    long weightAt = weight.offset();
    long biasAt = bias == null ? NONE : bias.offset();
    if (norm != null || widened) {
      long size = conv.outputs() * weight.shape()[1] * kernel * kernel;
      weightAt =
          append(
              size,
              flat -> {
                long[] shape = weight.shape();
                Tensor values =
                    part(flat, weight).view(flat.size(0), shape[0], shape[1], shape[2], shape[3]);
                if (norm != null) {
                  values = values.mul(scale(flat, norm).view(flat.size(0), shape[0], 1, 1, 1));
                }
                return values.pad(around, 0).flatten(1, 4);
              });
    }
    if (norm != null) {
      biasAt =
          append(
              conv.outputs(),
              flat -> {
                Tensor shift = shift(flat, norm);
                return bias == null ? shift : shift.add(part(flat, bias).mul(scale(flat, norm)));
              });
    }
    return planned.add(
        new StackedNetwork.Layer(
            Kind.CONV2D, conv.outputs(), kernel, w.strideHeight(), padding, weightAt, biasAt));
  }

  private static Tensor part(Tensor flat, ParameterLayout.Entry entry) {
    return flat.narrow(1, entry.offset(), entry.size()).contiguous();
  }

  /** weight / sqrt(variance + epsilon), [S, C]. */
  private Tensor scale(Tensor flat, BatchNorm2d norm) {
    double[] inverse = norm.statistics().variance();
    Arrays.setAll(inverse, c -> 1 / Math.sqrt(inverse[c] + norm.epsilon()));
    return part(flat, layout.entry(norm.name() + ".weight")).mul(constant(inverse, flat));
  }

  /** bias - mean * scale, [S, C]. */
  private Tensor shift(Tensor flat, BatchNorm2d norm) {
    return part(flat, layout.entry(norm.name() + ".bias"))
        .sub(scale(flat, norm).mul(constant(norm.statistics().mean(), flat)));
  }

  private static Tensor constant(double[] values, Tensor like) {
    return Tensor.of(values).to(like.dtype()).to(like.device());
  }
}
