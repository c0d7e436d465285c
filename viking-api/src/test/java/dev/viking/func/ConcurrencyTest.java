package dev.viking.func;

import static dev.viking.func.References.assertClose;

import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Transforms from many threads at once; every result is checked. */
@ExtendWith(LiveHandles.class)
class ConcurrencyTest {

  /** All kinds of transforms at a point of the task's own, on f(z) = sum a sin(z). */
  @SuppressWarnings("ThreadPriorityCheck") // the point is that the thread may be moved meanwhile
  private static void everyTransform(int task) {
    double[] x = {0.1 * task, 1 - 0.2 * task, 0.5};
    double[] v = {1.0, 0.01 * task, -2};
    double scale = 1 + task % 7;
    try (Scope _ = Scope.open()) {
      Tensor point = Tensor.of(x);
      Tensor direction = Tensor.of(v);
      TensorFunction sine =
          z -> {
            Thread.yield();
            return z.sin().mul(scale);
          };
      TensorFunction loss = z -> sine.apply(z).sum();
      assertClose(Func.jvp(sine, point, direction).tangent(), i -> scale * Math.cos(x[i]) * v[i]);
      assertClose(
          Func.vmap(c -> Func.vjp(sine, point).pullback(c)).apply(direction.diag()),
          i -> i % 4 == 0 ? scale * Math.cos(x[i / 4]) * v[i / 4] : 0);
      assertClose(Func.hvp(loss, point, direction).product(), i -> -scale * Math.sin(x[i]) * v[i]);
      assertClose(
          Func.hvp(loss, point, direction, HvpMode.FORWARD_OVER_REVERSE).product(),
          i -> -scale * Math.sin(x[i]) * v[i]);
      assertClose(
          Func.jacfwd(z -> Func.jvp(sine, z, direction).tangent(), point).diagonal(),
          i -> -scale * Math.sin(x[i]) * v[i]);
    }
  }

  private static void run(ExecutorService executor, int tasks, int rounds)
      throws InterruptedException, ExecutionException {
    List<Future<?>> futures = new ArrayList<>();
    for (int task = 0; task < tasks; task++) {
      int number = task;
      futures.add(
          executor.submit(
              () -> {
                for (int round = 0; round < rounds; round++) {
                  everyTransform(number + round);
                }
              }));
    }
    for (Future<?> future : futures) {
      future.get();
    }
  }

  @Test
  void eightPlatformThreads() throws InterruptedException, ExecutionException {
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      run(executor, 8, 50);
    }
  }

  @Test
  void aThousandVirtualThreads() throws InterruptedException, ExecutionException {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      run(executor, 1000, 1);
    }
  }

  @Test
  void aPullbackIsSharedByThreads() throws InterruptedException, ExecutionException {
    double[] x = {0.3, -1.1, 2.0};
    try (Scope _ = Scope.open();
        ExecutorService executor = Executors.newFixedThreadPool(8)) {
      Vjp vjp = Func.vjp(z -> z.sin().mul(z), Tensor.of(x));
      List<Future<?>> futures = new ArrayList<>();
      for (int task = 0; task < 200; task++) {
        double scale = task;
        futures.add(
            executor.submit(
                () -> {
                  try (Scope _ = Scope.open()) {
                    assertClose(
                        vjp.pullback(Tensor.of(scale, scale, scale)),
                        i -> scale * (Math.cos(x[i]) * x[i] + Math.sin(x[i])));
                  }
                }));
      }
      for (Future<?> future : futures) {
        future.get();
      }
    }
  }

  @Test
  void aTensorIsSharedByThreads() throws InterruptedException, ExecutionException {
    try (Scope _ = Scope.open();
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Tensor shared = Tensor.of(1.0, 2.0, 3.0);
      List<Future<?>> futures = new ArrayList<>();
      for (int task = 0; task < 500; task++) {
        double term = task;
        futures.add(
            executor.submit(
                () -> {
                  try (Scope _ = Scope.open()) {
                    assertClose(shared.add(term).mul(shared), i -> (i + 1 + term) * (i + 1));
                  }
                }));
      }
      for (Future<?> future : futures) {
        future.get();
      }
    }
  }
}
