package dev.viking.baseline;

import dev.viking.internal.Arguments;
import dev.viking.nn.Gradients;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Stochastic gradient Langevin dynamics (Welling and Teh 2011), with constant or cyclic steps
 * (Zhang et al. 2020), preconditioned or not (Li et al. 2016).
 *
 * <p>With g the mean gradient of a minibatch's loss, N examples, and learning rate l: theta becomes
 * theta - l G (g + alpha theta / N) + sqrt(2 l T G / N) xi, which is Langevin dynamics of the
 * posterior in steps of 2 l / N. G is 1, or with preconditioning 1 / (1e-5 + sqrt(v)) with v the
 * running average (0.99) of g^2; the small term with G's derivative is left out, as its authors do.
 * There is no accept step, so the samples are those of the posterior up to a bias that vanishes
 * with l.
 *
 * @param name what tables call it
 * @param epochs how long, the burn-in included
 * @param batchSize examples in a minibatch
 * @param learningRate l; of cyclic steps the largest
 * @param schedule how l changes
 * @param cycles of cyclic steps
 * @param burnInEpochs epochs of constant steps before the first sample
 * @param samples M, how many states are kept, at equal distances in steps
 * @param priorPrecision alpha of the Gaussian prior
 * @param temperature T; below 1 for a cold posterior
 * @param preconditioned whether steps are scaled by the gradients' size
 */
public record Sgld(
    String name,
    int epochs,
    int batchSize,
    double learningRate,
    Schedule schedule,
    int cycles,
    int burnInEpochs,
    int samples,
    double priorPrecision,
    double temperature,
    boolean preconditioned)
    implements Method {
  private static final double AVERAGING = 0.99;
  private static final double FLOOR = 1e-5;
  // The share of a cycle without noise and without samples: it looks for another mode.
  private static final double EXPLORATION = 0.8;
  private static final long NOISE_STREAM = 2;

  /** How the learning rate changes. */
  public enum Schedule {
    /** It stays as it is; samples are taken after the burn-in. */
    CONSTANT,
    /**
     * In each cycle it falls from the largest to zero along a cosine; the first four fifths of a
     * cycle have no noise, samples are taken in the last fifth.
     */
    CYCLIC
  }

  /**
   * Checks the settings.
   *
   * @throws ArgumentException when a number is out of its range, or the samples cannot be spread
   *     evenly over the cycles
   */
  public Sgld {
    String here = "Sgld";
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(schedule, "schedule");
    Arguments.atLeast(here, "epochs", epochs, 1);
    Arguments.atLeast(here, "batchSize", batchSize, 1);
    Arguments.positive(here, "learningRate", learningRate);
    Arguments.atLeast(here, "cycles", cycles, 1);
    Arguments.atLeast(here, "burnInEpochs", burnInEpochs, 0);
    Arguments.atLeast(here, "samples", samples, 1);
    Arguments.within(here, "priorPrecision", priorPrecision, 0, Double.MAX_VALUE);
    Arguments.within(here, "temperature", temperature, 0, Double.MAX_VALUE);
    if (schedule == Schedule.CYCLIC && samples % cycles != 0) {
      throw new ArgumentException(
          "Sgld: samples are " + samples + "; a multiple of the " + cycles + " cycles is needed");
    }
    if (schedule == Schedule.CONSTANT && burnInEpochs >= epochs) {
      throw new ArgumentException(
          "Sgld: burnInEpochs is "
              + burnInEpochs
              + "; fewer than the "
              + epochs
              + " epochs are needed");
    }
  }

  /**
   * Cyclic steps without preconditioning.
   *
   * @param epochs how long
   * @param batchSize examples in a minibatch
   * @param learningRate the largest
   * @param cycles how many
   * @param samplesPerCycle states kept of each
   * @param priorPrecision alpha of the Gaussian prior
   * @return the method
   */
  public static Sgld cyclic(
      int epochs,
      int batchSize,
      double learningRate,
      int cycles,
      int samplesPerCycle,
      double priorPrecision) {
    return new Sgld(
        "SGLD",
        epochs,
        batchSize,
        learningRate,
        Schedule.CYCLIC,
        cycles,
        0,
        cycles * samplesPerCycle,
        priorPrecision,
        1,
        false);
  }

  @Override
  public Map<String, String> hyperparameters() {
    Map<String, String> texts = RecordTexts.of(this, Set.of("name"));
    return Collections.unmodifiableMap(new LinkedHashMap<>(texts));
  }

  /**
   * Runs the chain.
   *
   * @param context model, data, seed; an initial mean is where the chain begins
   * @return the states kept, in the caller's current scope
   * @throws ArgumentException when there are fewer steps than samples to take from them
   */
  @Override
  public ParameterSet fit(FitContext context) {
    try (Scope scope = Scope.open();
        Rng rng = Rng.seeded(Seeds.derive(context.seed(), NOISE_STREAM), context.device())) {
      Tensor state = context.start(null);
      Tensor average = Tensor.zerosLike(state);
      int size = context.data().size();
      List<Tensor> kept = new ArrayList<>();
      new MinibatchLoop(name, epochs, batchSize)
          .run(
              context,
              minibatch -> {
                long step = minibatch.step();
                long steps = minibatch.steps();
                if (step == 0) {
                  checkSteps(steps);
                }
                Gradients.Result result = minibatch.gradient(state);
                move(state, average, result.gradient(), size, step, steps, rng);
                if (isSample(step, steps)) {
                  kept.add(scope.keep(state.cloneTensor()));
                }
                return result.value();
              });
      Tensor all = scope.keep(Tensor.stack(kept, 0));
      return new ParameterSet(FitDescription.of(this, context.model()), all);
    }
  }

  private void move(
      Tensor state, Tensor average, Tensor gradient, int size, long step, long steps, Rng rng) {
    double rate = rate(step, steps);
    Tensor noise = Tensor.randn(rng, state.dtype(), state.shape());
    double scale = noisy(step, steps) ? Math.sqrt(2 * rate * temperature / size) : 0;
    Tensor drift = gradient.add(state.mul(priorPrecision / size));
    if (preconditioned) {
      average.mul_(AVERAGING).addcmul_(gradient, gradient, 1 - AVERAGING);
      Tensor metric = average.sqrt().add_(FLOOR).reciprocal();
      state.addcmul_(drift, metric, -rate).addcmul_(noise, metric.sqrt(), scale);
    } else {
      state.addScaled_(drift, -rate).addScaled_(noise, scale);
    }
  }

  /** The learning rate of a step. */
  double rate(long step, long steps) {
    return schedule == Schedule.CONSTANT
        ? learningRate
        : learningRate / 2 * (1 + Math.cos(Math.PI * phase(step, steps)));
  }

  private boolean noisy(long step, long steps) {
    return schedule == Schedule.CONSTANT || phase(step, steps) >= EXPLORATION;
  }

  /** Where in its cycle a step is, from 0 to below 1. */
  private double phase(long step, long steps) {
    long first = cycleStart(cycle(step, steps), steps);
    long next = cycleStart(cycle(step, steps) + 1, steps);
    return (double) (step - first) / (next - first);
  }

  private long cycle(long step, long steps) {
    return ((step + 1) * cycles - 1) / steps;
  }

  private long cycleStart(long cycle, long steps) {
    return cycle * steps / cycles;
  }

  /** Whether the state after a step is kept: the last of each of equal stretches. */
  boolean isSample(long step, long steps) {
    long first;
    long end;
    int count;
    if (schedule == Schedule.CONSTANT) {
      first = steps / epochs * burnInEpochs;
      end = steps;
      count = samples;
    } else {
      long cycle = cycle(step, steps);
      end = cycleStart(cycle + 1, steps);
      long begin = cycleStart(cycle, steps);
      first = begin + (long) Math.ceil(EXPLORATION * (end - begin));
      count = samples / cycles;
    }
    if (step < first) {
      return false;
    }
    long length = end - first;
    long done = (step - first) * count / length;
    return (step + 1 - first) * count / length > done;
  }

  private void checkSteps(long steps) {
    long found = 0;
    for (long step = 0; step < steps; step++) {
      found += isSample(step, steps) ? 1 : 0;
    }
    if (found != samples) {
      throw new ArgumentException(
          name
              + ": "
              + steps
              + " steps leave room for "
              + found
              + " samples; "
              + samples
              + " are needed: more epochs, fewer samples or fewer cycles");
    }
  }
}
