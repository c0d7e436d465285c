package dev.viking.posterior;

import dev.viking.torch.DTypeException;
import dev.viking.torch.DeviceException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;

/**
 * Argument checks of this package; every message names the argument, what was given and what is
 * needed.
 */
final class Checks {
  private Checks() {}

  static void samples(
      String operation, String argument, Tensor tensor, KernelImagePosterior posterior) {
    if (tensor.dim() != 2 || tensor.size(0) == 0 || tensor.size(1) != posterior.dimension()) {
      throw new ShapeException(
          operation
              + ": "
              + argument
              + " has shape "
              + Arrays.toString(tensor.shape())
              + "; [S, "
              + posterior.dimension()
              + "] with S at least 1 is needed");
    }
    sameKind(operation, argument, tensor, posterior.mean());
  }

  static void sameKind(String operation, String argument, Tensor tensor, Tensor mean) {
    if (tensor.dtype() != mean.dtype()) {
      throw new DTypeException(
          operation
              + ": "
              + argument
              + " holds "
              + tensor.dtype()
              + "; the parameters are "
              + mean.dtype());
    }
    if (!tensor.device().equals(mean.device())) {
      throw new DeviceException(
          operation
              + ": "
              + argument
              + " is on "
              + tensor.device()
              + "; the parameters are on "
              + mean.device());
    }
  }
}
