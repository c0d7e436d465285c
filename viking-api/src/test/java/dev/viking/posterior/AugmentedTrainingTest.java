package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;

import dev.viking.baseline.DrawRequest;
import dev.viking.baseline.FitContext;
import dev.viking.baseline.FittedPosterior;
import dev.viking.baseline.Ivon;
import dev.viking.baseline.Method;
import dev.viking.baseline.Sgld;
import dev.viking.baseline.Viking;
import dev.viking.nn.Activation;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.torch.DType;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which examples training sees where epochs change them: those of its epochs, and only those. */
@ExtendWith(LiveHandles.class)
class AugmentedTrainingTest {
  private static final int SIZE = 40;

  private final Model model = Mlp.of(new int[] {2, 5, 2}, Activation.TANH);
  private final Loss loss = Losses.softmaxCrossEntropy();
  private Scope scope;
  private TrainingData plain;

  @BeforeEach
  void open() {
    scope = Scope.open();
    try (Rng rng = Rng.seeded(1)) {
      Tensor inputs = Tensor.randn(rng, DType.FLOAT32, SIZE, 2);
      plain = TrainingData.of(inputs, inputs.prod(1, false).gt(0.0).to(DType.INT64));
    }
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** Counts who takes what; epochs stretch every example by a factor of their own. */
  private final class Watched implements TrainingData {
    final List<Long> epochs = new ArrayList<>();
    int plainReads;
    int epochReads;

    @Override
    public int size() {
      return SIZE;
    }

    @Override
    public Batch select(int[] indices) {
      plainReads++;
      return plain.select(indices);
    }

    @Override
    public TrainingData inEpoch(long epoch) {
      epochs.add(epoch);
      return new TrainingData() {
        @Override
        public int size() {
          return SIZE;
        }

        @Override
        public Batch select(int[] indices) {
          epochReads++;
          Batch batch = plain.select(indices);
          double factor = 1 + 0.3 * Math.sin(epoch);
          return new Batch(batch.inputs().mul(factor), batch.targets());
        }
      };
    }
  }

  private static TrainerOptionsBuilder options() {
    return TrainerOptions.exact()
        .batchSize(10)
        .mleEpochs(2)
        .sigmaEpochs(2)
        .elboEpochs(2)
        .projectionBatch(20)
        .alternatingBlock(10)
        .recordEvery(1);
  }

  @Test
  void minibatchesRowsAndProjectionsAreThoseOfTheEpoch() {
    Watched data = new Watched();
    TrainerOptions options = options().build();
    new VikingTrainer(model, loss, options, TrainingListener.NONE).train(data);
    assertThat(data.plainReads).isZero();
    assertThat(data.epochs).hasSize(6);
    assertThat(new HashSet<>(data.epochs)).as("an epoch's key").hasSize(6);
    // Four minibatches an epoch; rows of their own in the last two stages; blocks of 10 for the
    // chain of the scales' first epoch and of each of the last stage's, and a few examples before
    // each chain that show what a block costs.
    assertThat(data.epochReads).isEqualTo(6 * 4 + 4 * 4 + 3 * (4 + 1));

    Watched again = new Watched();
    new VikingTrainer(model, loss, options, TrainingListener.NONE).train(again);
    assertThat(again.epochs).isEqualTo(data.epochs);
    Watched other = new Watched();
    TrainerOptions seeded = options().seed(7).build();
    new VikingTrainer(model, loss, seeded, TrainingListener.NONE).train(other);
    assertThat(other.epochs).doesNotContainAnyElementsOf(data.epochs);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 6, 13, 18, 23})
  void aResumedRunSeesTheSame(int stop) {
    TrainerOptions options = options().build();
    float[] expected =
        new VikingTrainer(model, loss, options, TrainingListener.NONE)
            .train(new Watched())
            .posterior()
            .variables()
            .toFloatArray();
    VikingTrainerTest.Recorder stopping = new VikingTrainerTest.Recorder(stop);
    TrainingResult cut = new VikingTrainer(model, loss, options, stopping).train(new Watched());
    assertThat(cut.finished()).isFalse();
    Watched rest = new Watched();
    float[] resumed =
        new VikingTrainer(model, loss, options, TrainingListener.NONE)
            .resume(rest, stopping.saved())
            .posterior()
            .variables()
            .toFloatArray();
    assertThat(resumed).isEqualTo(expected);
    assertThat(rest.plainReads).isZero();
  }

  @Test
  void otherMethodsTrainOnTheSameAndSamplesAreDrawnFromThePlainExamples() {
    List<Method> methods =
        List.of(
            Ivon.of(2, 10, 0.1), Sgld.cyclic(5, 10, 0.01, 1, 2, 1), Viking.of(options().build()));
    for (Method method : methods) {
      Watched data = new Watched();
      FittedPosterior fitted = method.fit(FitContext.of(model, loss, data, 3));
      assertThat(data.plainReads).as(method.name()).isZero();
      assertThat(data.epochs.size()).as(method.name()).isGreaterThanOrEqualTo(2);
      int before = data.epochReads;
      fitted.draw(DrawRequest.of(loss, data, 2, 5));
      assertThat(data.epochReads).as(method.name()).isEqualTo(before);
      if (method instanceof Viking) {
        assertThat(data.plainReads).isPositive();
      }
    }
  }
}
