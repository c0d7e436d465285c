package dev.viking.linalg;

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

  static void floating(String operation, String argument, Tensor tensor) {
    if (!tensor.dtype().isFloatingPoint()) {
      throw new DTypeException(
          operation
              + ": "
              + argument
              + " holds "
              + tensor.dtype()
              + "; real floating-point numbers are needed");
    }
  }

  static void dimensions(String operation, String argument, Tensor tensor, int dimensions) {
    if (tensor.dim() != dimensions) {
      throw new ShapeException(
          operation
              + ": "
              + argument
              + " has shape "
              + Arrays.toString(tensor.shape())
              + "; "
              + dimensions
              + " dimension(s) are needed");
    }
  }

  static void vectors(String operation, Tensor vectors, long length, LinearOperator operator) {
    if (vectors.dim() != 2 || vectors.size(1) != length) {
      throw new ShapeException(
          operation
              + ": vectors have shape "
              + Arrays.toString(vectors.shape())
              + "; [S, "
              + length
              + "] is needed for an operator of "
              + operator.rows()
              + " rows and "
              + operator.columns()
              + " columns");
    }
    if (vectors.dtype() != operator.dtype()) {
      throw new DTypeException(
          operation
              + ": vectors hold "
              + vectors.dtype()
              + "; the operator needs "
              + operator.dtype());
    }
    if (!vectors.device().equals(operator.device())) {
      throw new DeviceException(
          operation
              + ": vectors are on "
              + vectors.device()
              + "; the operator is on "
              + operator.device());
    }
  }
}
