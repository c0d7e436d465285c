package dev.viking.nn;

import dev.viking.torch.ClosedException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives by hand-written passes over the layers of a {@link Sequential}; no graph is recorded.
 *
 * <p>The forward pass leaves a {@link Tape} for each layer. The cotangents of the loss at each
 * layer's outputs are computed once, at the first call that needs them, and serve the rows, the
 * gradient and the second derivatives.
 */
final class StructuredLinearisation extends Linearisation {
  private final Sequential sequential;
  private final List<Tape> tapes = new ArrayList<>();
  private final int firstWithParameters;
  private final List<Tensor> owned = new ArrayList<>();
  private final Tensor outputs;
  private final Loss.@Nullable Derivative derivative;
  private @Nullable List<Tensor> lossCotangents;
  private boolean closed;

  StructuredLinearisation(
      Sequential model,
      Tensor parameters,
      Tensor inputs,
      @Nullable Loss loss,
      @Nullable Tensor targets) {
    super(model, parameters, inputs, loss, targets);
    this.sequential = model;
    this.firstWithParameters = firstWithParameters(model.plan());
    try (Scope scope = Scope.open()) {
      this.outputs = forward(scope);
      this.derivative = loss == null ? null : derivative(scope, loss, requireTargets());
    }
  }

  @Override
  public Tensor outputs() {
    requireOpen("outputs");
    return outputs;
  }

  @Override
  public Tensor losses() {
    return requireDerivative("losses").losses();
  }

  @Override
  public Tensor lossJacobian() {
    requireLoss("lossJacobian");
    try (Scope scope = Scope.open()) {
      Tensor jacobian = empty(inputs.size(0), model.layout().total());
      writeRows(lossCotangents(scope), 1, jacobian);
      return scope.keep(jacobian);
    }
  }

  @Override
  public Tensor functionJacobian() {
    requireOpen("functionJacobian");
    try (Scope scope = Scope.open()) {
      long batch = outputs.size(0);
      long classes = outputs.size(1);
      Tensor jacobian = empty(batch * classes, model.layout().total());
      Tensor seeds = Tensor.eye(classes, outputs.dtype(), outputs.device()).repeat(batch, 1);
      writeRows(cotangents(seeds, classes), classes, jacobian);
      return scope.keep(jacobian);
    }
  }

  @Override
  public Tensor lossGradient(@Nullable Tensor weights) {
    Tensor seed = requireDerivative("lossGradient").gradient();
    try (Scope scope = Scope.open()) {
      List<Tensor> cotangents;
      if (weights == null) {
        cotangents = lossCotangents(scope);
      } else {
        checkWeights("lossGradient", weights, seed.size(0));
        cotangents = cotangents(seed.mul(weights.unsqueeze(1)), 1);
      }
      return scope.keep(gradient(cotangents));
    }
  }

  @Override
  public Tensor lossWeightedHvp(Tensor weights, Tensor vectors) {
    Loss known = requireLoss("lossWeightedHvp");
    checkVectors("lossWeightedHvp", vectors);
    checkWeights("lossWeightedHvp", weights, vectors.size(0), outputs.size(0));
    try (Scope scope = Scope.open()) {
      List<Tensor> cotangents = lossCotangents(scope);
      Directions directions = new Directions(sequential, vectors, weights);
      Tensor tangent = tangent(directions);
      Tensor seed = known.hessianProduct(outputs, requireTargets(), tangent);
      return scope.keep(gradientTangent(cotangents, seed, directions));
    }
  }

  @Override
  public Tensor functionWeightedHvp(Tensor weights, Tensor vectors) {
    requireOpen("functionWeightedHvp");
    checkVectors("functionWeightedHvp", vectors);
    checkWeights("functionWeightedHvp", weights, vectors.size(0), outputs.numel());
    try (Scope scope = Scope.open()) {
      Tensor sum = Tensor.zerosLike(parameters);
      for (long m = 0; m < vectors.size(0); m++) {
        try (Scope _ = Scope.open()) {
          Directions directions = new Directions(sequential, vectors.narrow(0, m, 1), null);
          tangent(directions);
          List<Tensor> cotangents = cotangents(weights.select(0, m).view(outputs.shape()), 1);
          sum.add_(gradientTangent(cotangents, null, directions));
        }
      }
      return scope.keep(sum);
    }
  }

  @Override
  public Tensor functionJvp(Tensor vectors) {
    requireOpen("functionJvp");
    checkVectors("functionJvp", vectors);
    try (Scope scope = Scope.open()) {
      List<Tensor> products = new ArrayList<>();
      for (long m = 0; m < vectors.size(0); m++) {
        products.add(tangent(new Directions(sequential, vectors.narrow(0, m, 1), null)));
      }
      return scope.keep(Tensor.stack(products, 0));
    }
  }

  @Override
  public Tensor functionVjp(Tensor cotangents) {
    requireOpen("functionVjp");
    Checks.shape(
        "Linearisation.functionVjp",
        "cotangents",
        cotangents,
        -1,
        outputs.size(0),
        outputs.size(1));
    Checks.like("Linearisation.functionVjp", "cotangents", cotangents, "parameters", parameters);
    try (Scope scope = Scope.open()) {
      List<Tensor> products = new ArrayList<>();
      for (long m = 0; m < cotangents.size(0); m++) {
        products.add(gradient(cotangents(cotangents.select(0, m), 1)));
      }
      return scope.keep(Tensor.stack(products, 0));
    }
  }

  @Override
  public void close() {
    closed = true;
    owned.forEach(Tensor::close);
    owned.clear();
  }

  private Tensor forward(Scope scope) {
    List<Layer> plan = sequential.plan();
    List<List<Tensor>> views = sequential.split(parameters);
    Tensor activations = inputs;
    for (int i = 0; i < plan.size(); i++) {
      Tape tape = tape(plan.get(i), views.get(i));
      tapes.add(tape);
      activations = tape.forward(activations);
      for (Tensor saved : tape.saved()) {
        if (saved != null && saved != inputs) {
          own(scope, saved);
        }
      }
    }
    own(scope, activations);
    return activations;
  }

  private Loss.Derivative derivative(Scope scope, Loss known, Tensor wanted) {
    known.checkTargets(outputs, wanted);
    Loss.Derivative result = known.derivative(outputs, wanted);
    own(scope, result.losses());
    own(scope, result.gradient());
    return result;
  }

  private List<Tensor> lossCotangents(Scope scope) {
    Tensor seed = requireDerivative("lossGradient").gradient();
    List<Tensor> known = lossCotangents;
    if (known == null) {
      known = cotangents(seed, 1);
      for (Tensor cotangent : known.subList(firstWithParameters, known.size())) {
        own(scope, cotangent);
      }
      lossCotangents = known;
    }
    return known;
  }

  /**
   * The cotangent at the outputs of each layer down to the first one with parameters; the entries
   * below it are the same tensor as its own and not to be used.
   */
  private List<Tensor> cotangents(Tensor seed, long groups) {
    List<Tensor> cotangents = new ArrayList<>();
    Tensor current = seed;
    for (int i = tapes.size() - 1; i >= 0; i--) {
      cotangents.addFirst(current);
      if (i > firstWithParameters) {
        current = tapes.get(i).backward(current, groups);
      }
    }
    return cotangents;
  }

  private void writeRows(List<Tensor> cotangents, long groups, Tensor jacobian) {
    List<List<Tensor>> slices = sequential.splitRows(jacobian);
    for (int i = firstWithParameters; i < tapes.size(); i++) {
      tapes.get(i).rows(cotangents.get(i), groups, slices.get(i));
    }
  }

  private Tensor gradient(List<Tensor> cotangents) {
    Tensor gradient = empty(model.layout().total());
    List<List<Tensor>> slots = sequential.split(gradient);
    for (int i = firstWithParameters; i < tapes.size(); i++) {
      tapes.get(i).gradient(cotangents.get(i), slots.get(i));
    }
    return gradient;
  }

  /** The outputs' tangents. */
  private Tensor tangent(Directions directions) {
    Tensor tangent = null;
    for (int i = firstWithParameters; i < tapes.size(); i++) {
      tangent = tapes.get(i).tangent(tangent, directions.part(i));
    }
    return Objects.requireNonNull(tangent, "a model has parameters");
  }

  /** The tangent of {@link #gradient}, after {@link #tangent} with the same directions. */
  private Tensor gradientTangent(
      List<Tensor> cotangents, @Nullable Tensor seed, Directions directions) {
    Tensor gradient = empty(model.layout().total());
    List<List<Tensor>> slots = sequential.split(gradient);
    Tensor tangent = seed;
    for (int i = tapes.size() - 1; i >= firstWithParameters; i--) {
      Tape tape = tapes.get(i);
      tape.gradientTangent(cotangents.get(i), tangent, slots.get(i));
      if (i > firstWithParameters) {
        tangent = tape.backwardTangent(cotangents.get(i), tangent, directions.part(i));
      }
    }
    return gradient;
  }

  private Tensor empty(long... shape) {
    return Tensor.empty(shape, parameters.dtype(), parameters.device());
  }

  private void own(Scope scope, Tensor tensor) {
    scope.keep(tensor);
    owned.add(tensor);
  }

  private Loss.Derivative requireDerivative(String operation) {
    requireOpen(operation);
    requireLoss(operation);
    return Objects.requireNonNull(derivative);
  }

  private void requireOpen(String operation) {
    if (closed) {
      throw new ClosedException("Linearisation." + operation + ": the linearisation is closed");
    }
  }

  private static int firstWithParameters(List<Layer> plan) {
    int first = 0;
    while (plan.get(first).parameters().isEmpty()) {
      first++;
    }
    return first;
  }

  static Tape tape(Layer layer, List<Tensor> parameters) {
    return switch (layer) {
      case Linear linear -> new LinearTape(linear, parameters);
      case Conv2d convolution -> new Conv2dTape(convolution, parameters);
      case BatchNorm2d norm -> new BatchNorm2dTape(norm, parameters);
      case LayerNorm norm -> NormTape.of(norm, parameters);
      case GroupNorm norm -> NormTape.of(norm, parameters);
      case RmsNorm norm -> NormTape.of(norm, parameters);
      case Embedding embedding -> new EmbeddingTape(embedding, parameters);
      case Bias bias -> new BiasTape(bias, parameters);
      case MaxPool2d pool -> new MaxPool2dTape(pool);
      case AvgPool2d pool -> new AvgPool2dTape(pool);
      case GlobalAvgPool2d _ -> MeanTape.overImages();
      case MeanOverPositions _ -> MeanTape.overPositions();
      case Upsample2d upsample -> new Upsample2dTape(upsample);
      case Flatten flatten -> new FlattenTape(flatten);
      case Unflatten unflatten -> new FlattenTape(unflatten);
      case Activation activation -> new ActivationTape(activation);
    };
  }
}
