package dev.viking.benchmarks.twins;

import static org.bytedeco.pytorch.global.torch.baddbmm;
import static org.bytedeco.pytorch.global.torch.conv2d;
import static org.bytedeco.pytorch.global.torch.log_softmax;
import static org.bytedeco.pytorch.global.torch.max_pool2d;
import static org.bytedeco.pytorch.global.torch.tanh;
import static org.bytedeco.pytorch.global.torch.var_mean;
import static org.bytedeco.pytorch.global.torch.xlogy;

import dev.viking.benchmarks.LatencyProtocol;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Predictions with the samples' weights stacked, in JavaCPP's PyTorch; the twin of LatencyWorker.
 */
final class JavacppTwin {
  private JavacppTwin() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    String network = arguments[0];
    int samples = Integer.parseInt(arguments[3]);
    torch.set_num_threads(Integer.parseInt(arguments[4]));
    Stacked stacked = Stacked.of(network, LatencyProtocol.read(arguments[1]), samples);
    float[] input = LatencyProtocol.read(arguments[2]);
    boolean mlp = network.equals("mlp");
    List<Tensor> weights = new ArrayList<>();
    for (int i = 0; i < stacked.numbers().size(); i++) {
      weights.add(tensor(stacked.numbers().get(i), stacked.shapes().get(i)));
    }
    long[] shape = mlp ? new long[] {1, 1, 32} : new long[] {1, 1, 28, 28};
    LatencyProtocol.serve(
        "org.bytedeco:pytorch " + Loader.getVersion("org.bytedeco", "pytorch"),
        () -> new Caller(mlp, samples, weights, input, shape));
  }

  private static Tensor tensor(float[] numbers, long[] shape) {
    try (FloatPointer memory = new FloatPointer(numbers)) {
      return torch.from_blob(memory, shape).clone();
    }
  }

  private static final class Caller implements LatencyProtocol.Caller {
    private final InferenceMode inference = new InferenceMode(true);
    private final boolean mlp;
    private final int samples;
    private final List<Tensor> w;
    private final float[] input;
    private final FloatPointer memory;
    private final Tensor x;
    private final long[] one = {1, 1};
    private final long[] two = {2, 2};
    private final long[] none = {0, 0};
    private final List<TensorOptional> biases = new ArrayList<>();
    private final float[] results;

    Caller(boolean mlp, int samples, List<Tensor> weights, float[] input, long[] shape) {
      this.mlp = mlp;
      this.samples = samples;
      this.w = weights;
      this.input = input;
      this.memory = new FloatPointer(input.length);
      this.x = torch.from_blob(memory, shape);
      for (int i = 1; i < 4; i += 2) {
        biases.add(new TensorOptional(weights.get(i)));
      }
      this.results = new float[mlp ? 2 : 22];
    }

    @Override
    public void predict() {
      memory.put(input);
      try (PointerScope scope = new PointerScope()) {
        Tensor outputs = mlp ? mlp() : lenet();
        T_TensorTensor_T moments = var_mean(outputs, new long[] {0}, true, false);
        int classes = mlp ? 1 : 10;
        copy(moments.get1(), 0, classes);
        copy(moments.get0(), classes, classes);
        if (!mlp) {
          Tensor logs = log_softmax(outputs, 2);
          Tensor each = logs.exp();
          Tensor probabilities = each.mean(0);
          Tensor entropy = xlogy(probabilities, probabilities).sum(1).neg();
          Tensor information = entropy.add(each.mul(logs).sum(2).mean(0));
          copy(entropy, 20, 1);
          copy(information, 21, 1);
        }
      }
    }

    private void copy(Tensor from, int at, int count) {
      from.data_ptr_float().get(results, at, count);
    }

    private Tensor mlp() {
      Tensor h = tanh(baddbmm(w.get(1), x.expand(samples, -1, -1), w.get(0)));
      h = tanh(baddbmm(w.get(3), h, w.get(2)));
      return baddbmm(w.get(5), h, w.get(4));
    }

    private Tensor lenet() {
      Tensor h = conv2d(x, w.get(0), biases.get(0), one, none, one, 1);
      h = max_pool2d(tanh(h), two, two, none, one, false);
      h = conv2d(h, w.get(2), biases.get(1), one, none, one, samples);
      h = max_pool2d(tanh(h), two, two, none, one, false);
      h = h.view(1, samples, -1).transpose(0, 1);
      h = tanh(baddbmm(w.get(5), h, w.get(4)));
      h = tanh(baddbmm(w.get(7), h, w.get(6)));
      return baddbmm(w.get(9), h, w.get(8));
    }

    @Override
    public double[] values() {
      int classes = mlp ? 1 : 10;
      double[] values = new double[results.length];
      for (int c = 0; c < classes; c++) {
        values[2 * c] = results[c];
        values[2 * c + 1] = results[classes + c];
      }
      for (int i = 2 * classes; i < values.length; i++) {
        values[i] = results[i];
      }
      return values;
    }
  }
}
