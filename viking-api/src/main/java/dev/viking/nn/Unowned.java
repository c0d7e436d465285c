package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Makes tensors that outlive every scope of the calling thread. */
final class Unowned {
  private Unowned() {}

  /**
   * A tensor that belongs to no scope. It is made on a thread of its own, because a scope takes
   * every tensor that its thread makes; so keep this for what is made rarely.
   *
   * @param maker makes the tensor
   * @return what it made, for the caller to close
   */
  static Tensor make(Supplier<Tensor> maker) {
    AtomicReference<Tensor> result = new AtomicReference<>();
    AtomicReference<RuntimeException> failure = new AtomicReference<>();
    Thread thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    result.set(maker.get());
                  } catch (RuntimeException e) {
                    failure.set(e);
                  }
                });
    join(thread);
    RuntimeException thrown = failure.get();
    if (thrown != null) {
      throw thrown;
    }
    return result.get();
  }

  private static void join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
