package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The means and variances that the batch norms of a model normalise with: constants of the model,
 * not parameters. Read them here to save them, replace them when a network is loaded, and estimate
 * them anew when its parameters have changed (after training, or for another posterior sample).
 */
public final class BatchStatistics {
  private BatchStatistics() {}

  /**
   * The statistics of a model.
   *
   * @param model the model
   * @return those of each {@link BatchNorm2d} by its name, in the order of evaluation; unmodifiable
   */
  public static Map<String, ChannelStatistics> of(Sequential model) {
    Map<String, ChannelStatistics> all = new LinkedHashMap<>();
    norms(model).forEach(norm -> all.put(norm.name(), norm.statistics()));
    return Collections.unmodifiableMap(all);
  }

  /**
   * The same model with other statistics.
   *
   * @param model the model
   * @param statistics new ones by the name of their {@link BatchNorm2d}; those of other norms stay
   * @return the model
   * @throws ArgumentException when a name is that of no batch norm, or the number of channels does
   *     not fit
   */
  public static Sequential with(Sequential model, Map<String, ChannelStatistics> statistics) {
    Set<String> unknown = new HashSet<>(statistics.keySet());
    Map<String, ChannelStatistics> known = of(model);
    unknown.removeAll(known.keySet());
    if (!unknown.isEmpty()) {
      throw new ArgumentException(
          "BatchStatistics.with: no batch norm is called "
              + unknown.stream().sorted().toList()
              + "; there are "
              + known.keySet());
    }
    return replaced(
        model,
        norm -> {
          ChannelStatistics other = statistics.get(norm.name());
          return other == null ? norm : norm.withStatistics(other);
        });
  }

  /**
   * The same model in training mode: each norm normalises with the mean and variance of the batch
   * it sees, and gradients of a batch's loss go through both.
   *
   * <p>An example's output then depends on the other examples, so there are no gradients of single
   * examples: {@link Gradients} is what such a model is for, and Jacobians, their products and
   * second derivatives refuse it. When training is over, {@link #estimate} gives the model to
   * predict with; the constants stay what they are meanwhile.
   *
   * @param model the model
   * @return the model with the same parameters, in training mode
   */
  public static Sequential training(Sequential model) {
    return replaced(model, BatchNorm2d::training);
  }

  /**
   * The same model with statistics estimated from data: every norm normalises each batch with the
   * batch's own mean and variance, as in training, and the means of both over the batches become
   * the model's constants. Batches count alike, so they should be of one size.
   *
   * @param model the model
   * @param parameters [D], floating
   * @param batches inputs [B, ...] of the parameters' dtype and device, at least one batch
   * @return the model
   * @throws ArgumentException when there is no batch
   */
  public static Sequential estimate(Sequential model, Tensor parameters, Iterable<Tensor> batches) {
    Map<String, ChannelStatistics> estimated = new LinkedHashMap<>();
    try (Scope _ = Scope.open()) {
      Map<String, Tensor> sums = new LinkedHashMap<>();
      long count = 0;
      for (Tensor inputs : batches) {
        model.check("BatchStatistics.estimate", parameters, inputs);
        evaluate(model, parameters, inputs, sums);
        count++;
      }
      if (count == 0) {
        throw new ArgumentException("BatchStatistics.estimate: no batch given, one needed");
      }
      for (Map.Entry<String, Tensor> entry : sums.entrySet()) {
        Tensor mean = entry.getValue().div((double) count);
        estimated.put(
            entry.getKey(),
            new ChannelStatistics(
                mean.select(0, 0).toDoubleArray(), mean.select(0, 1).toDoubleArray()));
      }
    }
    return with(model, estimated);
  }

  /** Adds the mean and variance of each norm's inputs to its sums, [2, channels] float64. */
  private static void evaluate(
      Sequential model, Tensor parameters, Tensor inputs, Map<String, Tensor> sums) {
    try (Scope scope = Scope.open()) {
      List<List<Tensor>> views = model.split(parameters);
      List<Tensor> values = new ArrayList<>(List.of(inputs));
      for (int i = 0; i < views.size(); i++) {
        Plan.Step step = model.plan().steps().get(i);
        Tensor input = values.get(step.input());
        Layer layer = step.layer();
        if (layer == null) {
          values.add(input.add(values.get(step.addend())));
        } else if (layer instanceof BatchNorm2d norm) {
          Tensor own = statistics(input);
          Tensor sum = sums.get(norm.name());
          if (sum == null) {
            sums.put(norm.name(), scope.keep(own));
          } else {
            sum.add_(own);
          }
          values.add(normalise(norm, own, views.get(i), input));
        } else {
          values.add(layer.apply(views.get(i), input));
        }
      }
    }
  }

  private static Tensor statistics(Tensor images) {
    Tensor mean = images.mean(0, 2, 3);
    Tensor variance = images.var(new long[] {0, 2, 3}, 0, false);
    return Tensor.stack(List.of(mean, variance), 0).to(DType.FLOAT64);
  }

  private static Tensor normalise(
      BatchNorm2d norm, Tensor statistics, List<Tensor> parameters, Tensor images) {
    Tensor weight = parameters.get(0);
    Tensor factor = statistics.select(0, 1).add(norm.epsilon()).rsqrt();
    Tensor scale = factor.to(weight.dtype()).mul(weight);
    Tensor shift = parameters.get(1).sub(statistics.select(0, 0).to(weight.dtype()).mul(scale));
    return BatchNorm2d.scaled(
        images, scale.view(1, norm.channels(), 1, 1), shift.view(1, norm.channels(), 1, 1));
  }

  private static Stream<BatchNorm2d> norms(Sequential model) {
    return model.allLayers().filter(BatchNorm2d.class::isInstance).map(BatchNorm2d.class::cast);
  }

  private static Sequential replaced(Sequential model, UnaryOperator<BatchNorm2d> change) {
    return model.withEach(layer -> layer instanceof BatchNorm2d norm ? change.apply(norm) : layer);
  }
}
