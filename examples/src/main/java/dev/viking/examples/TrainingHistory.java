package dev.viking.examples;

import dev.viking.checkpoint.Checkpoint;
import dev.viking.checkpoint.CheckpointBuilder;
import dev.viking.posterior.Stage;
import dev.viking.posterior.StepRecord;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What training looked like: means over short stretches of steps, and the validation at the end of
 * each epoch. Goes into checkpoints, so that the history of an interrupted run has no gap. For one
 * thread.
 */
final class TrainingHistory {
  private static final int POINTS_PER_EPOCH = 25;
  private static final String STEPS = "history.steps";
  private static final String EPOCHS = "history.epochs";
  private static final int STEP_COLUMNS = 12;
  private static final int EPOCH_COLUMNS = 4;

  private final List<double[]> steps = new ArrayList<>();
  private final List<double[]> epochs = new ArrayList<>();

  /**
   * Means over a stretch of steps.
   *
   * @param stage the stage
   * @param step where the stretch begins, in steps since the beginning of the first stage
   * @param expectation data term per example
   * @param kl divergence from the prior
   * @param rank dimension of the kernel
   * @param residual of the projection
   * @param scaleKernel sigma_ker
   * @param scaleImage sigma_im
   */
  record Point(
      Stage stage,
      long step,
      double expectation,
      double kl,
      double rank,
      double residual,
      double scaleKernel,
      double scaleImage) {}

  /**
   * Validation of the mean at the end of an epoch.
   *
   * @param stage the stage
   * @param epoch epochs of the stage that are over
   * @param accuracy fraction classified correctly
   * @param nll negative log-likelihood
   */
  record Validation(Stage stage, int epoch, double accuracy, double nll) {}

  /** Reads the history that a checkpoint or a posterior's file holds. */
  static TrainingHistory read(Checkpoint checkpoint) {
    TrainingHistory history = new TrainingHistory();
    for (String prefix : List.of("", "state.")) {
      fill(checkpoint, prefix + STEPS, STEP_COLUMNS, history.steps);
      fill(checkpoint, prefix + EPOCHS, EPOCH_COLUMNS, history.epochs);
    }
    return history;
  }

  private static void fill(Checkpoint checkpoint, String name, int columns, List<double[]> rows) {
    if (!checkpoint.names().contains(name)) {
      return;
    }
    double[] values = checkpoint.doubles(name);
    for (int from = 0; from + columns <= values.length; from += columns) {
      double[] row = new double[columns];
      System.arraycopy(values, from, row, 0, columns);
      rows.add(row);
    }
  }

  /** Adds the history to a checkpoint. */
  void write(CheckpointBuilder checkpoint) {
    put(STEPS, STEP_COLUMNS, steps, checkpoint::put);
    put(EPOCHS, EPOCH_COLUMNS, epochs, checkpoint::put);
  }

  /** The history as tensors of the current scope, for the state of a posterior's file. */
  Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new HashMap<>();
    Sink sink = (name, values, shape) -> tensors.put(name, Tensor.of(values, shape));
    put(STEPS, STEP_COLUMNS, steps, sink);
    put(EPOCHS, EPOCH_COLUMNS, epochs, sink);
    return tensors;
  }

  /** Takes an array. */
  private interface Sink {
    void put(String name, double[] values, long... shape);
  }

  private static void put(String name, int columns, List<double[]> rows, Sink sink) {
    double[] values = new double[rows.size() * columns];
    for (int i = 0; i < rows.size(); i++) {
      System.arraycopy(rows.get(i), 0, values, i * columns, columns);
    }
    if (!rows.isEmpty()) {
      sink.put(name, values, rows.size(), columns);
    }
  }

  /** Adds a recorded step to the stretch that it belongs to. */
  void add(StepRecord step) {
    int width = Math.max(1, step.stepsPerEpoch() / POINTS_PER_EPOCH);
    int stretch = step.step() / width;
    boolean first = true;
    if (!steps.isEmpty()) {
      double[] last = steps.getLast();
      first = last[0] != code(step.stage()) || last[1] != step.epoch() || last[2] != stretch;
    }
    if (first) {
      double[] row = new double[STEP_COLUMNS];
      row[0] = code(step.stage());
      row[1] = step.epoch();
      row[2] = stretch;
      row[10] = step.step();
      row[11] = step.stepsPerEpoch();
      steps.add(row);
    }
    double[] row = steps.getLast();
    row[3]++;
    row[4] += step.expectation();
    row[5] += step.kl();
    row[6] += step.rank();
    row[7] += step.residual();
    row[8] += step.scaleKernel();
    row[9] += step.scaleImage();
  }

  /** Adds the validation of an epoch. */
  void add(Validation validation) {
    epochs.add(
        new double[] {
          code(validation.stage()), validation.epoch(), validation.accuracy(), validation.nll()
        });
  }

  /** The stretches in their order. */
  List<Point> points() {
    List<Point> points = new ArrayList<>();
    double before = 0;
    double stage = 0;
    double end = 0;
    for (double[] row : steps) {
      if (row[0] != stage) {
        before += end;
        stage = row[0];
      }
      end = (row[1] + 1) * row[11];
      double count = row[3];
      points.add(
          new Point(
              stage(row[0]),
              (long) (before + row[1] * row[11] + row[10]),
              row[4] / count,
              row[5] / count,
              row[6] / count,
              row[7] / count,
              row[8] / count,
              row[9] / count));
    }
    return points;
  }

  /** The validations in their order. */
  List<Validation> validations() {
    List<Validation> validations = new ArrayList<>();
    for (double[] row : epochs) {
      validations.add(new Validation(stage(row[0]), (int) row[1], row[2], row[3]));
    }
    return validations;
  }

  private static double code(Stage stage) {
    return switch (stage) {
      case MLE -> 0;
      case SIGMAS -> 1;
      case ELBO -> 2;
    };
  }

  private static Stage stage(double code) {
    return code == 0 ? Stage.MLE : code == 1 ? Stage.SIGMAS : Stage.ELBO;
  }
}
