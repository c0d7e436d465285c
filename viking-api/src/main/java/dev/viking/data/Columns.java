package dev.viking.data;

import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Tensor;

/** Tensors from arrays of doubles in one of the two usual floating-point types. */
final class Columns {
  private Columns() {}

  /** Copies values, rounded to float32 where asked, into a new tensor of the shape given. */
  static Tensor tensor(String caller, double[] values, DType dtype, long... shape) {
    return switch (dtype) {
      case FLOAT64 -> Tensor.of(values, shape);
      case FLOAT32 -> {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
          rounded[i] = (float) values[i];
        }
        yield Tensor.of(rounded, shape);
      }
      default ->
          throw new DTypeException(
              caller + ": argument dtype: given " + dtype + "; needed FLOAT32 or FLOAT64");
    };
  }
}
