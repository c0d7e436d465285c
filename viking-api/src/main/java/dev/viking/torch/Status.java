package dev.viking.torch;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Turns the native side's status codes into exceptions; the only place that does. */
final class Status {
  static final int OK = 0;
  static final int CALLBACK = 3;
  static final int REROUTE = 9;
  static final int CAPACITY = 10;

  private Status() {}

  /**
   * Returns when the status is OK and throws otherwise.
   *
   * @param status what the native function returned
   * @param operation the operator or transform, for the message
   * @param error the buffer the native function wrote its message to
   */
  static void check(int status, String operation, MemorySegment error) {
    if (status != OK) {
      throw failure(status, operation, error.getString(0));
    }
  }

  /**
   * As {@link #check}, but a failure of the transformed function is rethrown as the very same
   * object.
   */
  static void check(
      int status, String operation, MemorySegment error, @Nullable Throwable thrownByFunction) {
    if (status == OK) {
      return;
    }
    if (thrownByFunction != null) {
      throw Status.<RuntimeException>sneaky(thrownByFunction);
    }
    check(status, operation, error);
  }

  private static RuntimeException failure(int status, String operation, String text) {
    // For operator calls the native message starts with the operator and its arguments already.
    String message =
        text.isEmpty()
            ? operation + ": failed with status " + status
            : text.startsWith(operation) ? text : operation + ": " + text;
    return switch (status) {
      case 1 -> new ArgumentException(message);
      case 2 -> new TorchException(message);
      case CALLBACK -> new InternalException(message + " (the function's exception is missing)");
      case 4 -> new OutOfMemoryException(message);
      case 5 -> new ClosedException(message);
      case 6 -> new EscapedTensorException(message);
      case 7 -> new UnsupportedTransformException(message);
      case REROUTE -> throw new RerouteSignal();
      case CAPACITY -> new InternalException(message + " (a result array was too short)");
      case 11 -> new UnknownOperatorException(message);
      case 12 -> new ShapeException(message);
      case 13 -> new DTypeException(message);
      case 14 -> new DeviceException(message);
      case 15 -> new IndexException(message);
      case 16 -> new NotImplementedOperatorException(message);
      case 17 -> new LinalgException(message);
      case 18 -> new MalformedModuleException(message);
      default -> new InternalException(message);
    };
  }

  // A transformed function may throw a checked exception behind the compiler's back (Kotlin,
  // Lombok); it must
  // arrive unchanged, so it is rethrown without declaring it.
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }
}
