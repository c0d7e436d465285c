package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.linalg.ConjugateGradient;
import dev.viking.linalg.ExactSolver;
import dev.viking.linalg.KernelProjection;
import dev.viking.linalg.SolverStatus;
import dev.viking.nn.Activation;
import dev.viking.nn.JacobianRows;
import dev.viking.nn.Loss;
import dev.viking.nn.Losses;
import dev.viking.nn.Mlp;
import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.NativeMemory;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Runs of alternating projections against the projection by the whole Jacobian. */
@ExtendWith(LiveHandles.class)
class AlternatingRunTest {
  private static final int EXAMPLES = 24;

  private final Model model = Mlp.of(new int[] {4, 20, 1}, Activation.TANH);
  private final Loss loss = Losses.halfSquaredError();
  private final AlternatingOptions options =
      AlternatingOptions.of(JacobianKind.FUNCTION, new ExactSolver()).withBlockSize(4);
  private Scope scope;
  private Rng rng;
  private Tensor mean;
  private Tensor start;
  private Tensor whole;
  private TrainingData data;

  @BeforeEach
  void open() {
    scope = Scope.open();
    rng = Rng.seeded(4);
    mean = Tensor.randn(rng, DType.FLOAT64, model.layout().total());
    Tensor inputs = Tensor.randn(rng, DType.FLOAT64, EXAMPLES, 4).mul(2.0);
    data = TrainingData.of(inputs, Tensor.randn(rng, DType.FLOAT64, EXAMPLES, 1));
    start = Tensor.randn(rng, DType.FLOAT64, 3, mean.size(0));
    whole =
        KernelProjection.of(
                JacobianRows.function(model, mean, inputs).jacobian(), new ExactSolver())
            .project(start)
            .kernel();
  }

  @AfterEach
  void close() {
    rng.close();
    scope.close();
  }

  private AlternatingProjections projections(AlternatingOptions given) {
    return new AlternatingProjections(model, loss, given);
  }

  private AlternatingResult run(AlternatingOptions given, Tensor vectors) {
    return projections(given).project(mean, vectors, data, AlternatingListener.NONE);
  }

  private double distance(Tensor vectors) {
    return vectors.sub(whole).norm().div(whole.norm()).item();
  }

  @Test
  void theLimitIsTheProjectionOfTheWholeWhateverTheBlocks() {
    for (int size : new int[] {3, 5, 12, 24}) {
      // Some fifty cycles. Near 1e-9 the rounding of accelerated steps is as large as the changes:
      // whether a run gets below depends on the last bits of its start.
      Tensor vectors = start.cloneTensor();
      AlternatingResult result =
          run(
              options
                  .withBlockSize(size)
                  .withCycles(2_000)
                  .withTolerance(1e-8)
                  .withAcceleration(true),
              vectors);
      assertThat(result.outcome()).isEqualTo(AlternatingResult.Outcome.CONVERGED);
      assertThat(result.status()).isEqualTo(SolverStatus.FULL_RANK);
      assertThat(distance(vectors)).as("blocks of " + size).isLessThan(1e-6);
    }
  }

  @Test
  void accelerationComesNearerInAsManyCycles() {
    for (int cycles : new int[] {2, 10, 100}) {
      Tensor plain = start.cloneTensor();
      Tensor accelerated = start.cloneTensor();
      run(options.withCycles(cycles), plain);
      run(options.withCycles(cycles).withAcceleration(true), accelerated);
      assertThat(distance(accelerated)).as(cycles + " cycles").isLessThan(distance(plain));
    }
  }

  @Test
  void accelerationReachesAToleranceInFewerCycles() {
    AlternatingOptions patient = options.withCycles(5000).withTolerance(1e-5);
    AlternatingResult plain = run(patient, start.cloneTensor());
    AlternatingResult accelerated = run(patient.withAcceleration(true), start.cloneTensor());
    assertThat(plain.outcome()).isEqualTo(AlternatingResult.Outcome.CONVERGED);
    assertThat(accelerated.outcome()).isEqualTo(AlternatingResult.Outcome.CONVERGED);
    assertThat(accelerated.change()).isLessThanOrEqualTo(1e-5);
    assertThat(accelerated.state().cycle()).isLessThan(plain.state().cycle());
  }

  @Test
  void oneLineSearchIsTheNearestPointOfItsLine() {
    Tensor vectors = start.cloneTensor();
    run(options, vectors);
    Tensor accelerated = start.cloneTensor();
    AlternatingResult result = run(options.withAcceleration(true), accelerated);
    Tensor difference = start.sub(vectors);
    Tensor squares = difference.square().sum(1, true);
    Tensor t = start.mul(difference).sum(1, true).div(squares);
    Tensor expected = vectors.mul(t).add(start.mul(t.rsub(1.0)));
    assertThat(accelerated.sub(expected).abs().max().item()).isLessThan(1e-12);
    double change = squares.sqrt().div(start.norm()).max().item();
    assertThat(result.change()).isGreaterThanOrEqualTo(change);
    // The point of the line nearest to the limit: the way there is at right angles to the line.
    Tensor angle = accelerated.sub(whole).mul(difference).sum(1, false);
    assertThat(angle.abs().max().item()).isLessThan(1e-10);
  }

  @Test
  void blocksThatAreKeptGiveTheSameBitsAsBlocksMadeAnew() {
    AlternatingOptions several = options.withCycles(4).withAcceleration(true);
    Tensor kept = start.cloneTensor();
    AlternatingResult all = run(several, kept);
    assertThat(all.cachedBlocks()).isEqualTo(6);
    Tensor anew = start.cloneTensor();
    AlternatingResult none = run(several.withMemoryBudget(10_000), anew);
    assertThat(none.cachedBlocks()).isZero();
    assertThat(anew.toDoubleArray()).containsExactly(kept.toDoubleArray());
    Tensor bare = start.cloneTensor();
    run(several.withMemoryBudget(1), bare);
    assertThat(bare.sub(kept).abs().max().item()).as("rows in another form").isLessThan(1e-9);
    AlternatingResult single = run(options, start.cloneTensor());
    assertThat(single.cachedBlocks()).as("one cycle keeps nothing").isZero();
  }

  @Test
  void theMemoryBudgetIsKept() {
    // Rows of [4, 121] float64 with two matrices of [4, 4]: 4128 bytes for a block.
    long block = 4 * mean.size(0) * 8 + 2 * 16 * 8;
    List<Integer> cached = new ArrayList<>();
    for (long budget : new long[] {block, 4 * block, 7 * block, 100 * block}) {
      Tensor vectors = start.cloneTensor();
      long before = NativeMemory.live(Device.CPU).bytes();
      long[] most = new long[1];
      AlternatingResult result =
          projections(options.withCycles(3).withMemoryBudget(budget))
              .project(
                  mean,
                  vectors,
                  data,
                  (pass, number, blocks, residual) ->
                      most[0] = Math.max(most[0], NativeMemory.live(Device.CPU).bytes() - before));
      cached.add(result.cachedBlocks());
      assertThat(result.cachedBytes()).isEqualTo(result.cachedBlocks() * block);
      if (result.cachedBlocks() > 0) {
        assertThat(most[0]).isBetween(result.cachedBytes(), budget);
      }
    }
    assertThat(cached).isSorted().startsWith(0).endsWith(6);
    assertThat(cached.get(2)).isBetween(1, 5);
  }

  @Test
  void aModelOfUnknownStructureKeepsToTheBudgetToo() {
    AlternatingProjections opaque =
        new AlternatingProjections(new OpaqueModel(model), loss, options.withMemoryBudget(1));
    Tensor free = start.cloneTensor();
    run(options, free);
    Tensor bare = start.cloneTensor();
    AlternatingResult result = opaque.project(mean, bare, data, AlternatingListener.NONE);
    assertThat(bare.sub(free).abs().max().item()).isLessThan(1e-11);
    assertThat(result.plan().reason()).contains("as the options have it");
    // Blocks are small enough to have their rows, where that can be.
    long row = 8 * mean.size(0);
    AlternatingOptions some = options.withBlockSize(0).withMemoryBudget(20 * row);
    BlockPlan plan =
        new AlternatingProjections(new OpaqueModel(model), loss, some)
            .project(mean, start.cloneTensor(), data, AlternatingListener.NONE)
            .plan();
    assertThat(plan.reason()).contains("chosen by memory");
    assertThat(plan.blockSize()).isBetween(1, 10);
  }

  @Test
  void aRunThatWasStoppedAndStoredGoesOnToTheSameBits() {
    for (boolean accelerated : new boolean[] {false, true}) {
      AlternatingOptions several = options.withCycles(3).withAcceleration(accelerated);
      AlternatingState straight = AlternatingState.draw(mean, 2, rng);
      AlternatingState state =
          new AlternatingState(straight.vectors().cloneTensor(), straight.draw(), null, 0, 0, 0);
      AlternatingResult uninterrupted =
          projections(several).run(mean, straight, data, AlternatingListener.NONE);
      int stops = 0;
      AlternatingResult result;
      do {
        result = projections(several).run(mean, state, data, new Impatient(5));
        Map<String, Tensor> stored = new HashMap<>();
        result.state().tensors().forEach((name, t) -> stored.put(name, t.cloneTensor()));
        state = AlternatingState.of(stored, result.state().texts());
        stops++;
      } while (result.outcome() == AlternatingResult.Outcome.STOPPED);
      assertThat(stops).isEqualTo(4); // 18 blocks
      assertThat(state.vectors().toDoubleArray())
          .containsExactly(uninterrupted.state().vectors().toDoubleArray());
      PosteriorSamples samples = state.samples();
      assertThat(samples.kernel().add(samples.image()).sub(straight.draw()).abs().max().item())
          .isLessThan(1e-15);
    }
  }

  /** Stops after a number of blocks. */
  private static final class Impatient implements AlternatingListener {
    private final int patience;
    private int seen;

    Impatient(int patience) {
      this.patience = patience;
    }

    @Override
    public void onBlock(int pass, int block, int blocks, double residual) {
      seen++;
    }

    @Override
    public boolean wantsStop() {
      return seen >= patience;
    }
  }

  @Test
  void theListenerIsToldAllThereIs() {
    List<String> told = new ArrayList<>();
    AlternatingListener listener =
        new AlternatingListener() {
          @Override
          public void onBlock(int pass, int block, int blocks, double residual) {
            throw new AssertionError("onProgress is overridden");
          }

          @Override
          public void onPlan(BlockPlan plan) {
            told.add(plan.blocks() + " of " + plan.blockSize());
          }

          @Override
          public void onJacobian(String form) {
            told.add(form);
          }

          @Override
          public void onProgress(AlternatingProgress progress) {
            assertThat(progress.residual()).isBetween(0.0, 1e-9);
            assertThat(progress.elapsed().isNegative()).isFalse();
            told.add(progress.cycle() + ":" + progress.block() + "+" + progress.cachedBlocks());
          }

          @Override
          public void onCycle(int cycle, double change) {
            assertThat(change).isPositive();
            told.add("cycle " + cycle);
          }
        };
    projections(options.withBlockSize(12).withCycles(2).withTolerance(1e-12))
        .project(mean, start.cloneTensor(), data, listener);
    assertThat(told.remove(1)).isEqualTo("BatchJacobian[12, 121](fc1 to fc2 rows)");
    assertThat(told)
        .containsExactly("2 of 12", "0:1+1", "0:2+2", "cycle 0", "1:1+2", "1:2+2", "cycle 1");
  }

  /** A model while which is evaluated another thread makes tensors that stay. */
  private static final class Beside extends OpaqueModel {
    private final List<Tensor> made = new ArrayList<>();

    Beside(Model inner) {
      super(inner);
    }

    @Override
    public Tensor apply(Tensor parameters, Tensor inputs) {
      Thread other =
          Thread.ofPlatform().start(() -> made.add(Tensor.zeros(DType.FLOAT64, 1 << 20)));
      try {
        other.join();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return super.apply(parameters, inputs);
    }
  }

  @Test
  void theBlockSizeDoesNotDependOnWhatOtherThreadsHold() {
    AlternatingOptions tight = options.withBlockSize(0).withMemoryBudget(200_000);
    BlockPlan alone =
        new AlternatingProjections(new OpaqueModel(model), loss, tight)
            .project(mean, start.cloneTensor(), data, AlternatingListener.NONE)
            .plan();
    assertThat(alone.blockSize()).isBetween(2, EXAMPLES);
    Beside beside = new Beside(model);
    BlockPlan plan =
        new AlternatingProjections(beside, loss, tight)
            .project(mean, start.cloneTensor(), data, AlternatingListener.NONE)
            .plan();
    assertThat(beside.made).isNotEmpty();
    beside.made.forEach(Tensor::close);
    assertThat(plan).isEqualTo(alone);
  }

  @Test
  void theBlockSizeIsChosenAndExplained() {
    AlternatingOptions free = options.withBlockSize(0);
    AlternatingResult result = run(free, start.cloneTensor());
    assertThat(result.plan().blockSize()).as("few examples are one block").isEqualTo(EXAMPLES);
    assertThat(result.plan().reason()).contains("chosen by cost");
    assertThat(run(free.withMemoryBudget(20_000), start.cloneTensor()).plan())
        .satisfies(
            plan -> {
              assertThat(plan.blockSize()).isLessThan(EXAMPLES);
              assertThat(plan.reason()).contains("memory");
            });
    AlternatingOptions paper =
        AlternatingOptions.of(JacobianKind.FUNCTION, new ConjugateGradient(10, true));
    AlternatingListener matrix =
        new AlternatingListener() {
          @Override
          public void onBlock(int pass, int block, int blocks, double residual) {}

          @Override
          public void onJacobian(String form) {
            assertThat(form).isEqualTo("matrix [24, 121]");
          }
        };
    AlternatingResult soft = projections(paper).project(mean, start.cloneTensor(), data, matrix);
    assertThat(soft.plan().reason()).contains("paper");
    assertThat(soft.status()).isEqualTo(SolverStatus.FIXED_STEPS);

    // LeNet, S = 100: hundreds of examples in a block, and more where vectors are read less often.
    BlockCosts lenet = new BlockCosts(60_000, 1, 100, 44_426, DType.FLOAT32, 100e3, 3250);
    BlockPlan chosen = lenet.choose(1e9);
    assertThat(chosen.blockSize()).isBetween(120, 520);
    assertThat(lenet.seconds(1)).isGreaterThan(10 * lenet.seconds(chosen.blockSize()));
    assertThat(lenet.choose(20e6).blockSize()).isLessThan(chosen.blockSize());
    assertThat(chosen.blocks()).isEqualTo(Math.ceilDiv(60_000, chosen.blockSize()));
  }

  @Test
  void aStoppedSampleAndStatesThatDoNotFitAreRefused() {
    KernelImagePosterior posterior = KernelImagePosterior.of(mean, 1, -1);
    assertThatThrownBy(() -> projections(options).sample(posterior, data, 2, rng, new Impatient(1)))
        .isInstanceOf(SamplingStoppedException.class)
        .hasMessageContaining("block 1");
    AlternatingProjections accelerated = projections(options.withAcceleration(true));
    AlternatingState inside = new AlternatingState(start, null, null, 0, 2, 4);
    assertThatThrownBy(() -> accelerated.run(mean, inside, data, AlternatingListener.NONE))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("cycleStart");
    AlternatingState other = new AlternatingState(start, null, null, 0, 2, 5);
    assertThatThrownBy(() -> projections(options).run(mean, other, data, AlternatingListener.NONE))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("blockSize is 4");
    AlternatingState late = new AlternatingState(start, null, null, 0, 6, 4);
    assertThatThrownBy(() -> projections(options).run(mean, late, data, AlternatingListener.NONE))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("block 6");
    assertThatThrownBy(() -> run(options, start.narrow(1, 0, 5)))
        .isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> options.withMemoryBudget(0)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> options.withTolerance(-1)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> AlternatingState.of(Map.of(), Map.of()))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("vectors");
  }
}
