package dev.viking.checkpoint;

import dev.viking.torch.DType;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names of element types in safetensors headers. */
final class SafetensorsTypes {
  /** For messages: the format's names of the types that this library has. */
  static final String KNOWN = "BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64 or C64";

  /** Bits of an element of the format's other types. */
  private static final Map<String, Integer> FOREIGN_BITS =
      Map.ofEntries(
          Map.entry("U16", 16),
          Map.entry("U32", 32),
          Map.entry("U64", 64),
          Map.entry("F8_E4M3", 8),
          Map.entry("F8_E5M2", 8),
          Map.entry("F8_E8M0", 8),
          Map.entry("F8_E4M3FNUZ", 8),
          Map.entry("F8_E5M2FNUZ", 8),
          Map.entry("F6_E2M3", 6),
          Map.entry("F6_E3M2", 6),
          Map.entry("F4", 4));

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

  /** Bits of an element of a type that the format has and this library has not; else 0. */
  static int foreignBits(String name) {
    return FOREIGN_BITS.getOrDefault(name, 0);
  }
}
