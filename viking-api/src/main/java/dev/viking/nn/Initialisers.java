package dev.viking.nn;

import dev.viking.torch.Tensor;

/**
 * The initialisers of the VIKING paper's experiments. With each of them norms start with scale 1
 * and shift 0.
 */
public final class Initialisers {
  // Standard deviation of a standard normal variable cut off at two standard deviations.
  private static final double TRUNCATED_STD = 0.8796256610342398;
  // erf(2 / sqrt(2)), the probability of an outcome within two standard deviations.
  private static final double WITHIN_TWO_STD = 0.9544997361036416;

  private static final Initialiser LECUN_NORMAL =
      (parameter, values, rng) -> {
        if (isConstant(parameter, values, true)) {
          return;
        }
        double std = Math.sqrt(1.0 / parameter.fanIn()) / TRUNCATED_STD;
        values.uniform_(-WITHIN_TWO_STD, WITHIN_TWO_STD, rng);
        NativeOps.ERFINV_.call(values);
        values.mul_(Math.sqrt(2) * std).clamp_(-2 * std, 2 * std);
      };

  private static final Initialiser UNIFORM_FAN_IN =
      (parameter, values, rng) -> {
        if (isConstant(parameter, values, false)) {
          return;
        }
        double bound = 1 / Math.sqrt((double) parameter.fanIn());
        values.uniform_(-bound, bound, rng);
      };

  private static final Initialiser STANDARD_NORMAL =
      (parameter, values, rng) -> {
        if (!isConstant(parameter, values, false)) {
          values.normal_(0, 1, rng);
        }
      };

  private static final Initialiser HE_FAN_OUT_NORMAL =
      (parameter, values, rng) -> {
        if (parameter.shape().length < 4) {
          LECUN_NORMAL.fill(parameter, values, rng);
        } else {
          values.normal_(0, Math.sqrt(2.0 / parameter.fanOut()), rng);
        }
      };

  private Initialisers() {}

  /** Fills what no initialiser draws: scales and shifts of norms, and biases where wanted. */
  private static boolean isConstant(Parameter parameter, Tensor values, boolean zeroBiases) {
    return switch (parameter.kind()) {
      case WEIGHT -> false;
      case BIAS -> {
        if (zeroBiases) {
          values.zero_();
        }
        yield zeroBiases;
      }
      case NORM_SCALE -> {
        values.fill_(1);
        yield true;
      }
      case NORM_SHIFT -> {
        values.zero_();
        yield true;
      }
    };
  }

  /**
   * Flax's default: weights normal with variance 1 / fan-in, cut off at two standard deviations (of
   * the normal variable before the cut, whose spread is corrected for it); biases zero. LeCun et
   * al., "Efficient BackProp" (1998).
   *
   * @return the initialiser
   */
  public static Initialiser lecunNormal() {
    return LECUN_NORMAL;
  }

  /**
   * PyTorch's and Equinox's default for linear layers: weights and biases uniform in plus/minus 1 /
   * sqrt(fan-in).
   *
   * @return the initialiser
   */
  public static Initialiser uniformFanIn() {
    return UNIFORM_FAN_IN;
  }

  /**
   * Kernels of convolutions normal with variance 2 / fan-out, all else as {@link #lecunNormal()}.
   * He et al., "Delving deep into rectifiers" (2015); what residual networks start from.
   *
   * @return the initialiser
   */
  public static Initialiser heFanOutNormal() {
    return HE_FAN_OUT_NORMAL;
  }

  /**
   * Weights and biases standard normal, as in the paper's regression experiments.
   *
   * @return the initialiser
   */
  public static Initialiser standardNormal() {
    return STANDARD_NORMAL;
  }
}
