package dev.viking.baseline;

import dev.viking.nn.BatchStatistics;
import dev.viking.nn.ChannelStatistics;
import dev.viking.nn.Model;
import dev.viking.nn.Sequential;
import dev.viking.posterior.TrainingData;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Models with batch norms, as methods treat them: first-order training normalises with each batch's
 * own statistics, and whatever comes after, predictions and Jacobians among it, with constants that
 * are estimated from the training data when that training is over.
 */
public final class BatchNorms {
  /** How many training examples statistics are estimated from, at most. */
  static final int EXAMPLES = 10_000;

  private static final int BATCH = 500;

  private BatchNorms() {}

  /**
   * Whether a model has batch norms.
   *
   * @param model any model
   * @return whether it is a {@link Sequential} with some
   */
  public static boolean in(Model model) {
    return model instanceof Sequential sequential && !BatchStatistics.of(sequential).isEmpty();
  }

  static Model training(Model model) {
    return model instanceof Sequential sequential ? training(sequential) : model;
  }

  /**
   * The model to train with, when gradients of single examples are not needed.
   *
   * @param model a model of known layers
   * @return the same in training mode, or the model itself when it has no batch norms
   */
  public static Sequential training(Sequential model) {
    return in(model) ? BatchStatistics.training(model) : model;
  }

  static Model estimated(Model model, Tensor parameters, TrainingData data) {
    return model instanceof Sequential sequential ? estimated(sequential, parameters, data) : model;
  }

  /**
   * The model to predict with, given the parameters that were found: its statistics are the means
   * of those of batches from up to 10,000 training examples, spread over the data.
   *
   * @param model a model of known layers
   * @param parameters [D], of the data's device
   * @param data the training examples
   * @return the same with constants, or the model itself when it has no batch norms
   */
  public static Sequential estimated(Sequential model, Tensor parameters, TrainingData data) {
    return in(model) ? BatchStatistics.estimate(model, parameters, batches(data)) : model;
  }

  /**
   * The model to predict with where parameters come from elsewhere: as it is when its statistics
   * were set, and estimated when they are those that every network starts with.
   */
  static Model completed(Model model, Tensor parameters, TrainingData data) {
    boolean untouched =
        model instanceof Sequential sequential
            && BatchStatistics.of(sequential).values().stream()
                .allMatch(it -> it.equals(ChannelStatistics.standard(it.channels())));
    return untouched ? estimated(model, parameters, data) : model;
  }

  /**
   * Samples that predict with statistics of their own, as each of them was normalised in training.
   *
   * @param parameters [S, D]; owned by the result
   */
  static ParameterDraw draw(Model model, Tensor parameters, TrainingData data) {
    if (!in(model)) {
      return ParameterDraw.of(model, parameters);
    }
    List<Model> models = new ArrayList<>();
    for (long s = 0; s < parameters.size(0); s++) {
      models.add(estimated(model, parameters.select(0, s), data));
    }
    return ParameterDraw.of(models, parameters);
  }

  /** Inputs for the statistics: whole batches, each with examples from all over the data. */
  private static Iterable<Tensor> batches(TrainingData data) {
    int size = Math.min(BATCH, data.size());
    int count = Math.max(1, Math.min(EXAMPLES, data.size()) / size);
    return () ->
        new Iterator<>() {
          private int next;

          @Override
          public boolean hasNext() {
            return next < count;
          }

          @Override
          public Tensor next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            int[] picked = new int[size];
            long total = (long) size * count;
            for (int i = 0; i < size; i++) {
              // Neighbours are often of one class.
              picked[i] = Math.toIntExact(((long) i * count + next) * data.size() / total);
            }
            next++;
            return data.select(picked).inputs();
          }
        };
  }
}
