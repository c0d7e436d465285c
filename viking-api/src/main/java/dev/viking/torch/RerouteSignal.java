package dev.viking.torch;

import java.io.Serial;

/**
 * Carries the native request to evaluate a function again by another route from an operator call to
 * the boundary of the function. It is an {@link Error} so that a user's {@code catch (Exception e)}
 * lets it pass; the native side keeps a flag of its own, so that even a swallowed signal does no
 * harm.
 */
final class RerouteSignal extends Error {
  @Serial private static final long serialVersionUID = 1L;

  /** Makes the signal, which has no stack trace and so costs little. */
  RerouteSignal() {
    super("evaluate again by reverse mode (internal signal)", null, false, false);
  }
}
