package dev.viking.checkpoint;

import dev.viking.torch.DType;
import org.jspecify.annotations.Nullable;

/** Names of element types in safetensors headers. */
final class SafetensorsTypes {
  private SafetensorsTypes() {}

  /** The format's name of a type, or null where it has none. */
  static @Nullable String nameOf(DType dtype) {
    return switch (dtype) {
      case UINT8 -> "U8";
      case INT8 -> "I8";
      case INT16 -> "I16";
      case INT32 -> "I32";
      case INT64 -> "I64";
      case FLOAT16 -> "F16";
      case FLOAT32 -> "F32";
      case FLOAT64 -> "F64";
      case COMPLEX64 -> "C64";
      case COMPLEX128 -> null;
      case BOOL -> "BOOL";
      case BFLOAT16 -> "BF16";
    };
  }

  /** The type with one of the format's names, or null where this library has none. */
  static @Nullable DType typeOf(String name) {
    for (DType dtype : DType.values()) {
      if (name.equals(nameOf(dtype))) {
        return dtype;
      }
    }
    return null;
  }
}
