package dev.viking.posterior;

import dev.viking.linalg.ConjugateGradient;
import dev.viking.linalg.SolverStatus;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.time.Duration;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One run of alternating projections. Its tensors belong to the scope in which it runs. */
final class AlternatingRun {
  private static final int PROBE = 16;
  private static final int PAPERS_BLOCK = 32;

  private final AlternatingProjections settings;
  private final AlternatingOptions options;
  private final Tensor mean;
  private final AlternatingState begin;
  private final TrainingData data;
  private final AlternatingListener listener;
  private final boolean watched;
  private final long startedAt = System.nanoTime();
  private final Tensor vectors;
  private final BlockPlan plan;
  private final @Nullable DataBlock[] kept;
  private final Tensor worst;
  private final long rowLimit;
  private final long cacheLimit;
  private int cachedBlocks;
  private long cachedBytes;
  private boolean caching;
  private boolean formTold;
  private @Nullable Tensor cycleStart;
  private int cycle;
  private int block;
  private double change = Double.NaN;
  private SolverStatus status = SolverStatus.FULL_RANK;

  AlternatingRun(
      AlternatingProjections settings,
      Tensor mean,
      AlternatingState state,
      TrainingData data,
      AlternatingListener listener) {
    this.settings = settings;
    this.options = settings.options();
    this.mean = mean;
    this.begin = state;
    this.data = data;
    this.listener = listener;
    this.watched = !listener.equals(AlternatingListener.NONE);
    this.vectors = state.vectors();
    this.cycle = state.cycle();
    this.block = state.block();
    this.rowLimit = Math.max(1, options.memoryBudget() / 2);
    this.worst = Tensor.zeros(new long[0], mean.dtype(), mean.device());
    BlockCosts costs = probe();
    this.plan = plan(costs);
    this.kept = new DataBlock[plan.blocks()];
    this.caching = options.cycles() - cycle > 1;
    this.cacheLimit = options.memoryBudget() - (long) Math.ceil(costs.bytes(plan.blockSize()));
    if (block >= plan.blocks() || (block > 0 && begin.blockSize() == 0)) {
      throw new ArgumentException(
          "AlternatingProjections: the state stands at block "
              + block
              + " of blocks of "
              + begin.blockSize()
              + " examples; the data of "
              + data.size()
              + " examples makes "
              + plan.blocks()
              + " blocks of "
              + plan.blockSize());
    }
    if (block > 0 && options.needsCycleStart() && state.cycleStart() == null) {
      throw new ArgumentException(
          "AlternatingProjections: the state stands inside a cycle and has no cycleStart, which"
              + " acceleration and a tolerance need; go on with the options that it was made with");
    }
    this.cycleStart = state.cycleStart();
  }

  /** Makes a few examples' block to see what it takes. */
  private BlockCosts probe() {
    try (Scope scope = Scope.open()) {
      int examples = Math.min(PROBE, data.size());
      TrainingData.Batch batch = data.select(IntStream.range(0, examples).toArray());
      long before = scope.bytes(mean.device());
      DataBlock small = DataBlock.transientOf(settings, mean, batch, rowLimit);
      long taken = scope.bytes(mean.device()) - before;
      double perRow = (double) small.jacobianBytes() / small.rows() / mean.dtype().byteSize();
      double perExample = Math.max((double) small.bytes(), (double) taken) / examples;
      if (small.jacobianBytes() == 0) {
        // Rows of which none is kept are formed over and over, which costs far more than a smaller
        // block: the size is chosen as if they had to be there.
        perRow = (double) mean.numel();
        perExample += (double) small.rows() / examples * perRow * mean.dtype().byteSize();
      }
      return new BlockCosts(
          data.size(),
          small.rows() / examples,
          vectors.size(0),
          mean.numel(),
          mean.dtype(),
          perExample,
          Math.min(perRow, (double) mean.numel()));
    }
  }

  private BlockPlan plan(BlockCosts costs) {
    int given = options.blockSize();
    int begun = begin.blockSize();
    if (begun > 0) {
      if (given > 0 && given != begun) {
        throw new ArgumentException(
            "AlternatingProjections: blockSize is "
                + given
                + ", but the state was made with blocks of "
                + begun
                + "; go on with the same size, or 0");
      }
      return given(begun, costs, "as the state has it");
    }
    if (given > 0) {
      return given(given, costs, "as the options have it");
    }
    if (options.solver() instanceof ConjugateGradient cg && Double.isNaN(cg.tolerance())) {
      // A fixed number of steps does less for more rows.
      return given(PAPERS_BLOCK, costs, "the paper's solver has the paper's block");
    }
    return costs.choose(options.memoryBudget() / 2.0);
  }

  private BlockPlan given(int size, BlockCosts costs, String reason) {
    int used = Math.min(size, data.size());
    return new BlockPlan(
        used, Math.ceilDiv(data.size(), used), used * costs.rowsPerExample(), reason);
  }

  AlternatingResult run() {
    listener.onPlan(plan);
    while (cycle < options.cycles()) {
      if (options.needsCycleStart()) {
        rememberStart();
      }
      while (block < plan.blocks()) {
        oneBlock();
        if (block < plan.blocks() && listener.wantsStop()) {
          return result(AlternatingResult.Outcome.STOPPED);
        }
      }
      if (cycleStart != null) {
        change = CycleSearch.finish(vectors, cycleStart, options.accelerated());
      }
      listener.onCycle(cycle, change);
      cycle++;
      block = 0;
      if (options.tolerance() > 0 && change <= options.tolerance()) {
        return result(AlternatingResult.Outcome.CONVERGED);
      }
      if (cycle < options.cycles() && listener.wantsStop()) {
        return result(AlternatingResult.Outcome.STOPPED);
      }
    }
    return result(AlternatingResult.Outcome.CYCLES_DONE);
  }

  private void rememberStart() {
    Tensor known = cycleStart;
    if (known == null) {
      cycleStart = vectors.cloneTensor();
    } else if (block == 0) {
      known.copy_(vectors);
    }
  }

  private void oneBlock() {
    DataBlock known = kept[block];
    if (known == null && caching) {
      known = keep();
    }
    try (Scope _ = Scope.open()) {
      DataBlock used =
          known != null ? known : DataBlock.transientOf(settings, mean, batch(), rowLimit);
      if (!formTold) {
        formTold = true;
        listener.onJacobian(used.form());
      }
      Tensor residual = used.project(vectors).to(mean.dtype());
      worst.copy_(worst.maximum(residual));
      block++;
      if (used.status().compareTo(status) > 0) {
        status = used.status();
      }
      if (watched) {
        listener.onProgress(
            new AlternatingProgress(
                cycle,
                block,
                plan.blocks(),
                residual.item(),
                used.status(),
                cachedBlocks,
                elapsed()));
      }
    }
  }

  /** Makes a block to be kept, where it fits; else null, and no further one is tried. */
  private @Nullable DataBlock keep() {
    DataBlock made =
        DataBlock.compactOf(settings, mean, this::batch, rowLimit, cacheLimit - cachedBytes);
    if (made == null) {
      caching = false;
    } else {
      kept[block] = made;
      cachedBlocks++;
      cachedBytes += made.bytes();
    }
    return made;
  }

  private TrainingData.Batch batch() {
    int first = block * plan.blockSize();
    int end = Math.min(first + plan.blockSize(), data.size());
    return data.select(IntStream.range(first, end).toArray());
  }

  private AlternatingResult result(AlternatingResult.Outcome outcome) {
    return new AlternatingResult(
        outcome,
        new AlternatingState(
            vectors, begin.draw(), block > 0 ? cycleStart : null, cycle, block, plan.blockSize()),
        change,
        worst.item(),
        status,
        plan,
        cachedBlocks,
        cachedBytes,
        elapsed());
  }

  private Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - startedAt);
  }
}
