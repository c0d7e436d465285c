package dev.viking.torch;

import java.util.Arrays;

/** Checks of sizes that are cheaper and clearer on this side of the boundary. */
final class Shapes {
  private Shapes() {}

  /** Number of elements of a shape; refuses negative sizes and overflow. */
  static long product(String operation, long... shape) {
    long product = 1;
    for (long size : shape) {
      if (size < 0) {
        throw new ShapeException(operation + ": negative size in shape " + text(shape));
      }
      try {
        product = Math.multiplyExact(product, size);
      } catch (ArithmeticException e) {
        throw new ShapeException(operation + ": shape " + text(shape) + " has too many elements");
      }
    }
    return product;
  }

  /** Refuses a number of elements that is not the shape's. */
  static void requireLength(String operation, long given, long... shape) {
    long needed = product(operation, shape);
    if (given != needed) {
      throw new ShapeException(
          operation
              + ": "
              + given
              + " elements given, but shape "
              + text(shape)
              + " needs "
              + needed);
    }
  }

  /** A Java array length for a number of elements. */
  static int arrayLength(String operation, long elements) {
    if (elements > Integer.MAX_VALUE - 8) {
      throw new ArgumentException(
          operation
              + ": "
              + elements
              + " elements do not fit into a Java array; use copyTo(MemorySegment)");
    }
    return (int) elements;
  }

  /** A shape as users write it. */
  static String text(long... shape) {
    return Arrays.toString(shape);
  }
}
