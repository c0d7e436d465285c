package dev.viking.examples;

import dev.viking.data.TwoMoons;
import dev.viking.linalg.ExactSolver;
import dev.viking.nn.Activation;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Sequential;
import dev.viking.posterior.AlternatingListener;
import dev.viking.posterior.AlternatingProjections;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.KernelImagePosterior;
import dev.viking.posterior.PosteriorSamples;
import dev.viking.posterior.SavedPosterior;
import dev.viking.posterior.TrainerOptions;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.VikingTrainer;
import dev.viking.torch.DType;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import java.nio.file.Path;
import java.util.Map;

/** Trains a small posterior on two moons and saves it for a service; examples/consumer loads it. */
public final class SavePosterior {
  private static final int SAMPLES = 32;

  private SavePosterior() {}

  /**
   * Trains and saves.
   *
   * @param arguments the file to write, {@code moons.safetensors} unless given
   */
  public static void main(String[] arguments) {
    Path file = Path.of(arguments.length == 0 ? "moons.safetensors" : arguments[0]);
    Sequential model = Mlp.of(new int[] {2, 16, 16, 1}, Activation.TANH);
    Loss loss = Losses.sigmoidBinaryCrossEntropy();
    TwoMoons moons = TwoMoons.generate(0);
    TrainerOptions options =
        TrainerOptions.exact()
            .seed(0)
            .batchSize(moons.count())
            .mleEpochs(120)
            .mleLearningRate(3e-2)
            .sigmaEpochs(15)
            .sigmaLearningRate(1e-2)
            .elboEpochs(40)
            .recordEvery(1000)
            .build();
    try (Scope _ = Scope.open();
        Rng rng = Rng.seeded(1)) {
      TrainingData data =
          TrainingData.of(moons.inputs(DType.FLOAT32), moons.targets(DType.FLOAT32));
      KernelImagePosterior posterior =
          new VikingTrainer(model, loss, options).train(data).posterior();
      PosteriorSamples samples =
          new AlternatingProjections(
                  model, loss, JacobianKind.LOSS, new ExactSolver(), moons.count(), 1)
              .sample(posterior, data, SAMPLES, rng, AlternatingListener.NONE);
      SavedPosterior.of(posterior)
          .withModel(model)
          .withSamples(samples)
          .withTraining(Map.of("data", "two moons, seed 0", "seed", "0"))
          .write(file);
      System.out.println(
          "saved " + SAMPLES + " samples of " + posterior.dimension() + " parameters");
    }
  }
}
