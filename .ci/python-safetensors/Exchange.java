import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.LoadedNetwork;
import dev.viking.checkpoint.StateDict;
import dev.viking.nn.Activation;
import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.Conv2d;
import dev.viking.nn.Flatten;
import dev.viking.nn.Linear;
import dev.viking.nn.Sequential;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.SavedPosterior;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What Java does in python-safetensors.sh: loads Python's state_dict, compares outputs, writes a
 * posterior.
 */
public final class Exchange {
  private Exchange() {}

  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(0);
        Checkpoint file = Checkpoint.read(folder.resolve("weights.safetensors"));
        Checkpoint expected = Checkpoint.read(folder.resolve("expected.safetensors"))) {
      Sequential model =
          Sequential.of(
              new long[] {2, 5, 4},
              List.of(
                  new Conv2d("conv", 2, 3, 3, 1, 1),
                  new BatchNorm2d("bn", 3),
                  Activation.RELU,
                  new Flatten(),
                  new Linear("fc", 60, 4)));
      StateDict weights =
          StateDict.of(file).rename("^0\\.", "conv.").rename("^1\\.", "bn.").rename("^4\\.", "fc.");
      System.out.println(
          "java: " + weights.report(model).toString().lines().findFirst().orElse(""));
      LoadedNetwork loaded = weights.load(model);
      Tensor parameters = loaded.parameters();
      double[] outputs =
          loaded
              .model()
              .apply(parameters, expected.tensor("inputs"))
              .to(DType.FLOAT64)
              .toDoubleArray();
      double[] wanted = expected.doubles("outputs");
      double deviation = 0;
      for (int i = 0; i < wanted.length; i++) {
        deviation = Math.max(deviation, Math.abs(outputs[i] - wanted[i]));
      }
      if (outputs.length != wanted.length || !(deviation < 1e-4)) {
        throw new AssertionError(outputs.length + " outputs, deviation " + deviation);
      }
      System.out.println("java: " + wanted.length + " outputs, largest deviation " + deviation);
      long size = model.layout().total();
      SavedPosterior.of(KernelImagePosterior.of(parameters, 2.5, -3))
          .withModel(loaded.model())
          .withSamples(
              new PosteriorSamples(
                  Tensor.randn(rng, DType.FLOAT32, 5, size),
                  Tensor.randn(rng, DType.FLOAT32, 5, size)))
          .withTraining(Map.of("note", "für Python"))
          .write(folder.resolve("posterior.safetensors"));
    }
  }
}
