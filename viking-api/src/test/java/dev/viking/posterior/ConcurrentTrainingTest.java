package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.func.Func;
import dev.viking.func.Jvp;
import dev.viking.func.Vjp;
import dev.viking.nn.Activation;
import dev.viking.nn.Adam;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.nn.Optimizer;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Training steps, jvp and vmap of vjp on 8 platform threads and 1,000 virtual threads at once: each
 * result is the one that a single thread gets.
 */
@ExtendWith(LiveHandles.class)
class ConcurrentTrainingTest {
  private static final int STEPS = 3;
  private static final Model MODEL = Mlp.of(new int[] {2, 5, 3}, Activation.TANH);

  /** The variables after a few steps of the ELBO, everything drawn from the seed. */
  private static double[] train(int seed) {
    Elbo elbo = new Elbo(MODEL, Losses.softmaxCrossEntropy(), ElboOptions.exact(), 60);
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(seed)) {
      Tensor mean = MODEL.initialise(rng, DType.FLOAT64, Device.CPU);
      KernelImagePosterior posterior = KernelImagePosterior.of(mean, 1.0, -1.0);
      Tensor inputs = Tensor.randn(rng, DType.FLOAT64, 6, 2);
      Tensor targets = Tensor.randint(rng, 0, 3, 6);
      Optimizer optimizer = new Adam(0.01);
      for (int step = 0; step < STEPS; step++) {
        try (Scope _ = Scope.open()) {
          Tensor noise = Tensor.randn(rng, DType.FLOAT64, 2, posterior.dimension());
          ElboResult result = elbo.evaluate(posterior, inputs, targets, noise);
          optimizer.step(posterior.mean(), result.gradMean());
        }
      }
      double[] trained = posterior.mean().toDoubleArray();
      optimizer.close();
      return trained;
    }
  }

  /** J t and the rows of J for tanh(x w), against the closed form; the largest deviation. */
  private static double differentiate(int seed) {
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(seed)) {
      Tensor w = Tensor.randn(rng, DType.FLOAT64, 3, 3);
      Tensor x = Tensor.randn(rng, DType.FLOAT64, 3);
      Tensor t = Tensor.randn(rng, DType.FLOAT64, 3);
      Tensor y = x.matmul(w).tanh();
      Tensor jacobian = w.t().mul(Tensor.onesLike(y).sub(y.mul(y)).unsqueeze(1));
      Jvp pushed = Func.jvp(v -> v.matmul(w).tanh(), x, t);
      try (Vjp pulled = Func.vjp(v -> v.matmul(w).tanh(), x)) {
        Tensor rows = Func.vmap(pulled::pullback).apply(Tensor.eye(3, DType.FLOAT64, Device.CPU));
        double first = pushed.tangent().sub(jacobian.matmul(t)).abs().max().item();
        return Math.max(first, rows.sub(jacobian).abs().max().item());
      }
    }
  }

  @Test
  void everyThreadGetsTheResultOfOneThread() throws Exception {
    int seeds = 16;
    List<double[]> expected = new ArrayList<>();
    for (int seed = 0; seed < seeds; seed++) {
      expected.add(train(seed));
    }
    List<Future<double[]>> trained = new ArrayList<>();
    List<Future<Double>> deviations = new ArrayList<>();
    try (ExecutorService platform = Executors.newFixedThreadPool(8);
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int task = 0; task < 1000; task++) {
        int seed = task % seeds;
        deviations.add(virtual.submit(() -> differentiate(seed)));
        if (task % 4 == 0) {
          Callable<double[]> training = () -> train(seed);
          trained.add((task % 8 == 0 ? platform : virtual).submit(training));
        }
      }
      for (int i = 0; i < trained.size(); i++) {
        assertThat(trained.get(i).get()).containsExactly(expected.get(4 * i % seeds));
      }
      for (Future<Double> deviation : deviations) {
        assertThat(deviation.get()).isLessThan(1e-12);
      }
    }
  }
}
