package dev.viking.posterior;

import dev.viking.internal.Arguments;
import dev.viking.nn.ParameterLayout;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Device;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Which scales a posterior has: {@link #TIED}, the paper's, or others.
 *
 * <p>The prior's precision alpha is always one number. The standard deviation in the kernel is
 * either tied to it, sigma_ker = alpha^(-1/2), or a variable of its own; and both standard
 * deviations are either one number for all parameters or one for each group of parameters that lie
 * next to each other, theta = mean + L_ker k + L_im m with diagonal L.
 *
 * @param kernelTied whether sigma_ker = alpha^(-1/2)
 * @param groups the number of parameters in each group, in the order of the flat vector; empty for
 *     one scale over all parameters
 */
public record ScaleLayout(boolean kernelTied, List<Long> groups) {
  /** The paper's: sigma_ker = alpha^(-1/2) and one sigma_im. */
  public static final ScaleLayout TIED = new ScaleLayout(true, List.of());

  /** One sigma_ker and one sigma_im, neither tied to alpha. */
  public static final ScaleLayout FREE = new ScaleLayout(false, List.of());

  /**
   * Checks the groups.
   *
   * @throws ArgumentException when a group has no parameter
   */
  public ScaleLayout {
    groups = List.copyOf(groups);
    for (long group : groups) {
      Arguments.atLeast("ScaleLayout", "groups", group, 1);
    }
  }

  /**
   * The same for each layer of a model: parameters that share their name up to its last dot and lie
   * next to each other are one group.
   *
   * @param layout the model's parameters
   * @return the layout, as this one tied or not
   */
  public ScaleLayout perLayer(ParameterLayout layout) {
    List<Long> sizes = new ArrayList<>();
    String last = null;
    for (ParameterLayout.Entry entry : layout.entries()) {
      if (entry.size() == 0) {
        continue;
      }
      int dot = entry.name().lastIndexOf('.');
      String layer = dot < 0 ? entry.name() : entry.name().substring(0, dot);
      if (layer.equals(last)) {
        sizes.set(sizes.size() - 1, sizes.getLast() + entry.size());
      } else {
        sizes.add(entry.size());
      }
      last = layer;
    }
    return new ScaleLayout(kernelTied, sizes);
  }

  /**
   * Whether each group has scales of its own.
   *
   * @return false for one scale over all parameters
   */
  public boolean isGrouped() {
    return !groups.isEmpty();
  }

  /**
   * How many numbers a standard deviation consists of.
   *
   * @return G, 1 without groups
   */
  public int count() {
    return Math.max(1, groups.size());
  }

  /**
   * How many numbers follow the mean in {@link KernelImagePosterior#variables}.
   *
   * @return 1 for alpha, G for sigma_im and, unless tied, G for sigma_ker
   */
  public int variables() {
    return 1 + (kernelTied ? 1 : 2) * count();
  }

  /** The number of parameters in each group. */
  long[] sizes() {
    return groups.stream().mapToLong(Long::longValue).toArray();
  }

  /** The same as a tensor, [G] float64. */
  Tensor sizesOn(Device device) {
    return Tensor.of(groups.stream().mapToDouble(Long::doubleValue).toArray()).to(device);
  }

  void requireDimension(String operation, long dimension) {
    long total = groups.stream().mapToLong(Long::longValue).sum();
    if (isGrouped() && total != dimension) {
      throw new ArgumentException(
          operation
              + ": the groups of the scales have "
              + total
              + " parameters together; the mean's "
              + dimension
              + " are needed");
    }
  }
}
