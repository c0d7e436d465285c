package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.bindings.FunctionRegistry;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Asserts that a test class leaves no native handle behind: the live tensors, pullbacks and
 * generators of every device, and the registered functions, are as many after the class as before
 * it. Test classes must not run in parallel.
 */
public final class LiveHandles implements BeforeAllCallback, AfterAllCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(LiveHandles.class);

  /** What is alive. */
  private record Counts(NativeMemory.Live cpu, NativeMemory.Live cuda, int functions) {
    static Counts now() {
      return new Counts(
          NativeMemory.live(Device.CPU),
          NativeMemory.live(Device.cuda(-1)),
          FunctionRegistry.size());
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    context.getStore(NAMESPACE).put("counts", Counts.now());
  }

  @Override
  public void afterAll(ExtensionContext context) {
    assertThat(Counts.now())
        .as(
            "live handles after the class, as before it; run with -Dviking.leaks=trace to find"
                + " them\n"
                + "%s",
            NativeMemory.dump())
        .isEqualTo(context.getStore(NAMESPACE).get("counts", Counts.class));
  }
}
