package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Layers one after the other, residual connections among them.
 *
 * <p>A monotone activation that is followed by max-pooling is evaluated after the pooling: the
 * maximum of a monotone function is the function of the maximum, and there are fewer elements left.
 * Values are the same, and so are derivatives (where rounding makes maxima equal, another of them
 * may count).
 *
 * <p>Immutable and safe for all threads. The default initialiser is {@link
 * Initialisers#lecunNormal()}.
 */
public final class Sequential implements Model {
  private final long[] inputShape;
  private final long[] outputShape;
  private final List<Layer> layers;
  private final Plan plan;
  private final List<Parameter> parameters;
  private final ParameterLayout layout;
  private final long[] parameterSizes;
  private final Initialiser initialiser;

  private Sequential(long[] inputShape, List<Layer> layers, Initialiser initialiser) {
    this.inputShape = inputShape.clone();
    this.layers = List.copyOf(layers);
    this.plan = new Plan(this.layers);
    this.initialiser = initialiser;
    long[] shape = this.inputShape;
    for (Layer layer : layers) {
      shape = layer.outputShape(shape);
    }
    this.outputShape = shape;
    this.parameters = plan.steps().stream().flatMap(step -> step.parameters().stream()).toList();
    this.layout = ParameterLayout.of(parameters);
    this.parameterSizes =
        layout.entries().stream().mapToLong(ParameterLayout.Entry::size).toArray();
  }

  /**
   * A model of the given layers.
   *
   * @param inputShape sizes of one example, without the batch dimension
   * @param layers the layers, at least one of them with parameters, with unique names
   * @return the model
   * @throws ShapeException when a layer does not take what the one before it gives, or the last
   *     does not give one vector for each example
   * @throws ArgumentException when no layer has parameters, or two have the same name
   */
  public static Sequential of(long[] inputShape, List<Layer> layers) {
    Sequential model = new Sequential(inputShape, layers, Initialisers.lecunNormal());
    if (model.plan.steps().stream().skip(1).anyMatch(step -> step.layer() instanceof Embedding)) {
      throw new ArgumentException(
          "Sequential: an Embedding is needed as the first layer or not at all, among " + layers);
    }
    if (model.layout.total() == 0) {
      throw new ArgumentException("Sequential: no layer with parameters among " + layers);
    }
    if (model.outputShape.length != 1) {
      throw new ShapeException(
          "Sequential: the last layer gives examples of shape "
              + Arrays.toString(model.outputShape)
              + ", a vector needed (add a Flatten)");
    }
    return model;
  }

  /**
   * The same model with another initialiser.
   *
   * @param initialiser draws the starting values
   * @return the model
   */
  public Sequential withInitialiser(Initialiser initialiser) {
    return new Sequential(inputShape, layers, initialiser);
  }

  /** The same model of other layers with the same parameters. */
  Sequential withLayers(List<Layer> others) {
    return new Sequential(inputShape, others, initialiser);
  }

  /**
   * The layers in order.
   *
   * @return an unmodifiable list
   */
  public List<Layer> layers() {
    return layers;
  }

  /** The layers with those inside of residual connections, which come after their residual. */
  Stream<Layer> allLayers() {
    return all(layers);
  }

  private static Stream<Layer> all(List<Layer> layers) {
    return layers.stream()
        .flatMap(
            layer ->
                layer instanceof Residual residual
                    ? Stream.concat(
                        Stream.of(layer),
                        Stream.concat(all(residual.body()), all(residual.shortcut())))
                    : Stream.of(layer));
  }

  /**
   * The same model with other layers of the same parameters.
   *
   * @param change is given each layer but residual connections, whose layers it is given
   */
  Sequential withEach(UnaryOperator<Layer> change) {
    return withLayers(each(layers, change));
  }

  private static List<Layer> each(List<Layer> layers, UnaryOperator<Layer> change) {
    List<Layer> changed = new ArrayList<>();
    for (Layer layer : layers) {
      changed.add(
          layer instanceof Residual residual
              ? new Residual(each(residual.body(), change), each(residual.shortcut(), change))
              : change.apply(layer));
    }
    return changed;
  }

  /**
   * A chain of layers in the order of evaluation: max-pooling before a monotone activation, as said
   * above, and without {@link Dropout} that does nothing. For what evaluates a network by itself,
   * layer after layer; the chains inside of residual connections are put in order each by itself.
   *
   * @param layers a chain
   * @return a new list
   */
  public static List<Layer> evaluationOrder(List<Layer> layers) {
    List<Layer> ordered = new ArrayList<>(layers);
    ordered.removeIf(layer -> layer instanceof Dropout dropout && !dropout.isTraining());
    for (int i = 0; i + 1 < ordered.size(); i++) {
      if (ordered.get(i) instanceof Activation activation
          && activation.isMonotone()
          && ordered.get(i + 1) instanceof MaxPool2d pool) {
        ordered.set(i, pool);
        ordered.set(i + 1, activation);
      }
    }
    return ordered;
  }

  /**
   * Sizes of one example, without the batch dimension.
   *
   * @return a fresh array
   */
  public long[] inputShape() {
    return inputShape.clone();
  }

  /**
   * Number of outputs for each example.
   *
   * @return C
   */
  public long outputs() {
    return outputShape[0];
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public Tensor apply(Tensor parameters, Tensor inputs) {
    check("Sequential.apply", parameters, inputs);
    List<List<Tensor>> views = split(parameters);
    List<Tensor> values = new ArrayList<>(views.size() + 1);
    values.add(inputs);
    for (int i = 0; i < views.size(); i++) {
      Plan.Step step = plan.steps().get(i);
      Tensor input = values.get(step.input());
      Layer layer = step.layer();
      values.add(
          layer == null ? input.add(values.get(step.addend())) : layer.apply(views.get(i), input));
    }
    return values.getLast();
  }

  @Override
  public Tensor initialise(Rng rng, DType dtype, Device device) {
    if (!dtype.isFloatingPoint()) {
      throw new ArgumentException(
          "Sequential.initialise: dtype is " + dtype + ", a floating one needed");
    }
    try (Scope scope = Scope.open()) {
      Tensor flat = Tensor.empty(new long[] {layout.total()}, dtype, rng.device());
      List<Tensor> slices = flat.splitWithSizes(parameterSizes, 0);
      for (int i = 0; i < slices.size(); i++) {
        initialiser.fill(parameters.get(i), slices.get(i), rng);
      }
      return scope.keep(device.equals(rng.device()) ? flat : flat.to(device));
    }
  }

  /** The layers in the order of evaluation. */
  Plan plan() {
    return plan;
  }

  /** Views of the flat vector with the parameters' shapes, a list for each step of the plan. */
  List<List<Tensor>> split(Tensor flat) {
    // One call for all: its derivative is a single concatenation, that of a slice is a vector of D
    // zeros each.
    List<Tensor> slices = flat.splitWithSizes(parameterSizes, 0);
    List<List<Tensor>> views = new ArrayList<>(plan.steps().size());
    int next = 0;
    for (Plan.Step step : plan.steps()) {
      List<Tensor> own = new ArrayList<>(2);
      for (Parameter parameter : step.parameters()) {
        Tensor slice = slices.get(next++);
        own.add(parameter.shape().length == 1 ? slice : slice.view(parameter.shape()));
      }
      views.add(own);
    }
    return views;
  }

  /** Slices [n, size] of rows [n, D], a list for each step of the plan. */
  List<List<Tensor>> splitRows(Tensor rows) {
    List<Tensor> slices = rows.splitWithSizes(parameterSizes, 1);
    List<List<Tensor>> views = new ArrayList<>(plan.steps().size());
    int next = 0;
    for (Plan.Step step : plan.steps()) {
      int count = step.parameters().size();
      views.add(slices.subList(next, next + count));
      next += count;
    }
    return views;
  }

  /** Throws unless the parameters and a batch fit the model. */
  void check(String operation, Tensor parameters, Tensor inputs) {
    layout.requireFlat(operation, parameters);
    Checks.floating(operation, "parameters", parameters);
    long[] needed = new long[inputShape.length + 1];
    needed[0] = -1;
    System.arraycopy(inputShape, 0, needed, 1, inputShape.length);
    Checks.shape(operation, "inputs", inputs, needed);
    if (takesTokens()) {
      Checks.dtype(operation, "inputs", inputs, DType.INT64);
      Checks.sameDevice(operation, "inputs", inputs, "parameters", parameters);
    } else {
      Checks.like(operation, "inputs", inputs, "parameters", parameters);
    }
  }

  /** Whether the inputs are integers that an embedding looks up. */
  private boolean takesTokens() {
    return plan.steps().getFirst().layer() instanceof Embedding;
  }

  @Override
  public String toString() {
    return "Sequential" + Arrays.toString(inputShape) + layers;
  }
}
