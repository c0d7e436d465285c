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
    sameDevice(operation, name, tensor, otherName, other);
  }

  /** A tensor of the device of another one. */
  static void sameDevice(
      String operation, String name, Tensor tensor, String otherName, Tensor other) {
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

  /** Sizes of square pooling windows. */
  static void pooling(String operation, long kernel, long stride, long padding) {
    positive(operation, "kernel", kernel);
    positive(operation, "stride", stride);
    notNegative(operation, "padding", padding);
    if (2 * padding > kernel) {
      throw new ArgumentException(
          operation
              + ": padding is "
              + padding
              + ", at most half the kernel ("
              + kernel
              + ") needed");
    }
  }

  /** The shape of pooled images [channels, height, width]. */
  static long[] pooledShape(
      String operation, long kernel, long stride, long padding, long[] inputShape) {
    long least = kernel - 2 * padding;
    if (inputShape.length != 3 || inputShape[1] < least || inputShape[2] < least) {
      throw new ShapeException(
          operation
              + ": an example of shape "
              + Arrays.toString(inputShape)
              + " given, [channels, height, width] with at least "
              + least
              + " rows and columns needed");
    }
    return new long[] {
      inputShape[0], (inputShape[1] - least) / stride + 1, (inputShape[2] - least) / stride + 1
    };
  }

  /** The shape of an example whose last size is given. */
  static void lastSize(String layer, long needed, long[] inputShape) {
    if (inputShape.length == 0 || inputShape[inputShape.length - 1] != needed) {
      throw new ShapeException(
          layer
              + ": an example of shape "
              + Arrays.toString(inputShape)
              + " given, a last size of "
              + needed
              + " needed");
    }
  }

  /** The shape of an example whose first size, the channels, is given. */
  static void channels(String layer, long needed, long[] inputShape, int dimensions) {
    if (inputShape.length == 0
        || inputShape[0] != needed
        || (dimensions > 0 && inputShape.length != dimensions)) {
      throw new ShapeException(
          layer
              + ": an example of shape "
              + Arrays.toString(inputShape)
              + " given, ["
              + needed
              + (dimensions == 3 ? ", height, width]" : ", ...]")
              + " needed");
    }
  }

  /** A small number that is added to a variance. */
  static void epsilon(String operation, double value) {
    if (!(value >= 0 && Double.isFinite(value))) {
      throw new ArgumentException(
          operation + ": epsilon is " + value + ", a number of at least 0 needed");
    }
  }

  /** The shape of an image. */
  static void image(String layer, long[] inputShape) {
    if (inputShape.length != 3) {
      throw new ShapeException(
          layer
              + ": an example of shape "
              + Arrays.toString(inputShape)
              + " given, [channels, height, width] needed");
    }
  }
}
