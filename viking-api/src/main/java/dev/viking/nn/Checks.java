package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.DeviceException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;

/**
 * Argument checks, each with a message that names the argument, what was given and what is needed.
 */
final class Checks {
  private Checks() {}

  static void positive(String operation, String name, long value) {
    if (value < 1) {
      throw new ArgumentException(operation + ": " + name + " is " + value + ", at least 1 needed");
    }
  }

  static void notNegative(String operation, String name, long value) {
    if (value < 0) {
      throw new ArgumentException(operation + ": " + name + " is " + value + ", at least 0 needed");
    }
  }

  /** A number in [low, high); NaN is refused. */
  static void range(String operation, String name, double value, double low, double high) {
    if (!(value >= low && value < high)) {
      throw new ArgumentException(
          operation
              + ": "
              + name
              + " is "
              + value
              + ", a number in ["
              + low
              + ", "
              + high
              + ") needed");
    }
  }

  static void floating(String operation, String name, Tensor tensor) {
    if (!tensor.dtype().isFloatingPoint()) {
      throw new DTypeException(
          operation + ": " + name + " has dtype " + tensor.dtype() + ", a floating one needed");
    }
  }

  static void dtype(String operation, String name, Tensor tensor, DType needed) {
    if (tensor.dtype() != needed) {
      throw new DTypeException(
          operation + ": " + name + " has dtype " + tensor.dtype() + ", " + needed + " needed");
    }
  }

  static void device(String operation, String name, Tensor tensor, Device needed) {
    if (!tensor.device().equals(needed)) {
      throw new DeviceException(
          operation + ": " + name + " is on " + tensor.device() + ", " + needed + " needed");
    }
  }

  /** A tensor of an exact shape; -1 stands for any size. */
  static void shape(String operation, String name, Tensor tensor, long... needed) {
    long[] given = tensor.shape();
    boolean fits = given.length == needed.length;
    for (int i = 0; fits && i < needed.length; i++) {
      fits = needed[i] < 0 || given[i] == needed[i];
    }
    if (!fits) {
      throw new ShapeException(
          operation
              + ": "
              + name
              + " has shape "
              + Arrays.toString(given)
              + ", "
              + Arrays.toString(needed).replace("-1", "any")
              + " needed");
    }
  }

  /** A tensor of the dtype and device of another one. */
  static void like(String operation, String name, Tensor tensor, String otherName, Tensor other) {
    if (tensor.dtype() != other.dtype()) {
      throw new DTypeException(
          operation
              + ": "
              + name
              + " has dtype "
              + tensor.dtype()
              + ", "
              + otherName
              + " has "
              + other.dtype()
              + "; the same needed");
    }
    if (!tensor.device().equals(other.device())) {
      throw new DeviceException(
          operation
              + ": "
              + name
              + " is on "
              + tensor.device()
              + ", "
              + otherName
              + " on "
              + other.device()
              + "; the same needed");
    }
  }
}
