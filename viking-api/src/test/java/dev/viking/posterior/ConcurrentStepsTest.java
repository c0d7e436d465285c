package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.func.Func;
import dev.viking.nn.Activation;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Steps by structure and through the transforms, and nested transforms, on many threads at once.
 */
@ExtendWith(LiveHandles.class)
class ConcurrentStepsTest {
  private final Model model = Mlp.of(new int[] {3, 4, 3}, Activation.TANH);
  private final Loss loss = Losses.softmaxCrossEntropy();
  private Scope scope;
  private Tensor inputs;
  private Tensor targets;
  private Tensor noise;
  private KernelImagePosterior posterior;
  private double[] gradient;
  private double[] columns;

  @BeforeEach
  void open() {
    scope = Scope.open();
    try (Rng rng = Rng.seeded(17)) {
      inputs = Tensor.randn(rng, DType.FLOAT64, 5, 3);
      targets = Tensor.randint(rng, 0, 3, 5);
      noise = Tensor.randn(rng, DType.FLOAT64, 1, model.layout().total());
      posterior = KernelImagePosterior.of(model.initialise(rng, DType.FLOAT64, Device.CPU), 1, -1);
    }
    gradient = step(model);
    columns = transform();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void everyResultIsRightOnEightPlatformAndAThousandVirtualThreads() throws Exception {
    try (ExecutorService platform = Executors.newFixedThreadPool(8);
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> tasks = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        tasks.add(platform.submit(() -> repeat(10)));
      }
      for (int i = 0; i < 1000; i++) {
        int kind = i % 3;
        tasks.add(virtual.submit(() -> check(kind)));
      }
      for (Future<?> task : tasks) {
        try {
          task.get();
        } catch (ExecutionException e) {
          throw new AssertionError("a task failed", e.getCause());
        }
      }
      assertThat(tasks).hasSize(1008);
    }
  }

  private void repeat(int times) {
    for (int i = 0; i < times; i++) {
      check(i % 3);
    }
  }

  private void check(int kind) {
    switch (kind) {
      case 0 -> assertClose(step(model), gradient);
      case 1 -> assertClose(step(new OpaqueModel(model)), gradient);
      default -> assertClose(transform(), columns);
    }
  }

  private double[] step(Model of) {
    try (Scope _ = Scope.open()) {
      return new Elbo(of, loss, ElboOptions.exact(), 50)
          .evaluate(posterior, inputs, targets, noise)
          .gradient()
          .toDoubleArray();
    }
  }

  /** Per-example gradients by vmap of grad, times a vector by jvp. */
  private double[] transform() {
    try (Scope _ = Scope.open()) {
      Tensor direction = noise.select(0, 0);
      return Func.jvp(
              theta ->
                  Func.vmap(
                          x -> Func.grad(p -> model.apply(p, x.unsqueeze(0)).square().sum(), theta))
                      .apply(inputs),
              posterior.mean(),
              direction)
          .tangent()
          .flatten()
          .toDoubleArray();
    }
  }

  private static void assertClose(double[] computed, double[] expected) {
    assertThat(computed).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(Math.abs(computed[i] - expected[i]))
          .isLessThan(1e-9 * (1 + Math.abs(expected[i])));
    }
  }
}
