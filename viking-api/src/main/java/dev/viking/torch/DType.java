package dev.viking.torch;

/** Element types of tensors; the codes are libtorch's {@code ScalarType} codes. */
public enum DType {
  /** Unsigned 8-bit integer. */
  UINT8(0, 1),
  /** Signed 8-bit integer. */
  INT8(1, 1),
  /** Signed 16-bit integer. */
  INT16(2, 2),
  /** Signed 32-bit integer. */
  INT32(3, 4),
  /** Signed 64-bit integer, the type of indices. */
  INT64(4, 8),
  /** IEEE half precision. */
  FLOAT16(5, 2),
  /** IEEE single precision. */
  FLOAT32(6, 4),
  /** IEEE double precision. */
  FLOAT64(7, 8),
  /** A pair of single-precision numbers. */
  COMPLEX64(9, 8),
  /** A pair of double-precision numbers. */
  COMPLEX128(10, 16),
  /** Truth value, one byte. */
  BOOL(11, 1),
  /** Brain floating point: the upper half of a single-precision number. */
  BFLOAT16(15, 2);

  private static final DType[] BY_CODE = new DType[16];

  static {
    for (DType type : values()) {
      BY_CODE[type.code] = type;
    }
  }

  private final int code;
  private final int byteSize;

  DType(int code, int byteSize) {
    this.code = code;
    this.byteSize = byteSize;
  }

  /**
   * libtorch's number for this type.
   *
   * @return the {@code ScalarType} code
   */
  public int code() {
    return code;
  }

  /**
   * Size of one element.
   *
   * @return bytes per element
   */
  public int byteSize() {
    return byteSize;
  }

  /**
   * Whether elements are real floating-point numbers.
   *
   * @return true for the four real floating-point types
   */
  public boolean isFloatingPoint() {
    return this == FLOAT16 || this == FLOAT32 || this == FLOAT64 || this == BFLOAT16;
  }

  /**
   * The type with a given code.
   *
   * @param code a {@code ScalarType} code of libtorch
   * @return the type
   * @throws DTypeException when this library does not know the code
   */
  public static DType of(int code) {
    DType type = code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    if (type == null) {
      throw new DTypeException(
          "DType.of: code " + code + " is not one of the element types this library supports");
    }
    return type;
  }
}
