package dev.viking.benchmarks.twins;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.pooling.Pool;
import dev.viking.benchmarks.LatencyProtocol;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Predictions with the samples' weights stacked, in DJL; the twin of LatencyWorker. */
final class DjlTwin {
  private static final Shape ONE = new Shape(1, 1);
  private static final Shape TWO = new Shape(2, 2);
  private static final Shape NONE = new Shape(0, 0);

  private DjlTwin() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("ai.djl.pytorch.num_threads", arguments[4]);
    System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
    String network = arguments[0];
    int samples = Integer.parseInt(arguments[3]);
    Stacked stacked = Stacked.of(network, LatencyProtocol.read(arguments[1]), samples);
    float[] input = LatencyProtocol.read(arguments[2]);
    boolean mlp = network.equals("mlp");
    try (NDManager manager = NDManager.newBaseManager()) {
      List<NDArray> weights = new ArrayList<>();
      for (int i = 0; i < stacked.numbers().size(); i++) {
        weights.add(manager.create(stacked.numbers().get(i), new Shape(stacked.shapes().get(i))));
      }
      Shape shape = mlp ? new Shape(1, 1, 32) : new Shape(1, 1, 28, 28);
      LatencyProtocol.serve(
          "pytorch " + Engine.getInstance().getVersion(),
          () -> new Caller(mlp, samples, manager, weights, input, shape));
    }
  }

  private static final class Caller implements LatencyProtocol.Caller {
    private final boolean mlp;
    private final int samples;
    private final NDManager manager;
    private final List<NDArray> w;
    private final float[] input;
    private final Shape shape;
    private float[] mean = {};
    private float[] variance = {};
    private float[] entropies = {};

    Caller(
        boolean mlp,
        int samples,
        NDManager manager,
        List<NDArray> weights,
        float[] input,
        Shape shape) {
      this.mlp = mlp;
      this.samples = samples;
      this.manager = manager;
      this.w = weights;
      this.input = input;
      this.shape = shape;
    }

    @Override
    public void predict() {
      try (NDManager scratch = manager.newSubManager()) {
        NDArray x = scratch.create(input, shape);
        NDArray outputs = mlp ? mlp(x) : lenet(x);
        NDArray centre = outputs.mean(new int[] {0});
        mean = centre.toFloatArray();
        // There is no variance in DJL.
        variance = outputs.sub(centre).square().sum(new int[] {0}).div(samples - 1).toFloatArray();
        if (!mlp) {
          NDArray logs = outputs.logSoftmax(2);
          NDArray each = logs.exp();
          NDArray probabilities = each.mean(new int[] {0});
          NDArray entropy = probabilities.xlogy(probabilities).sum(new int[] {1}).neg();
          NDArray within = each.mul(logs).sum(new int[] {2}).mean(new int[] {0});
          entropies = new float[] {entropy.getFloat(0), entropy.add(within).getFloat(0)};
        }
      }
    }

    private NDArray linear(NDArray x, int layer) {
      return x.batchMatMul(w.get(2 * layer)).addi(w.get(2 * layer + 1));
    }

    private NDArray mlp(NDArray x) {
      NDArray h = linear(x.broadcast(samples, 1, 32), 0).tanh();
      return linear(linear(h, 1).tanh(), 2);
    }

    private NDArray convolution(NDArray x, int layer, int groups) {
      NDArray h =
          Conv2d.conv2d(x, w.get(2 * layer), w.get(2 * layer + 1), ONE, NONE, ONE, groups).get(0);
      return Pool.maxPool2d(h.tanh(), TWO, TWO, NONE, false);
    }

    private NDArray lenet(NDArray x) {
      NDArray h = convolution(convolution(x, 0, 1), 1, samples);
      h = h.reshape(samples, 1, 256);
      return linear(linear(linear(h, 2).tanh(), 3).tanh(), 4);
    }

    @Override
    public double[] values() {
      double[] values = new double[2 * mean.length + entropies.length];
      for (int c = 0; c < mean.length; c++) {
        values[2 * c] = mean[c];
        values[2 * c + 1] = variance[c];
      }
      for (int i = 0; i < entropies.length; i++) {
        values[2 * mean.length + i] = entropies[i];
      }
      return values;
    }
  }
}
