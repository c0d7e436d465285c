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
  private final Plan plan;
  private final List<@Nullable Tape> tapes = new ArrayList<>();
  private final List<Tensor> owned = new ArrayList<>();
  private final Tensor outputs;
  private final Loss.@Nullable Derivative derivative;
  private @Nullable List<@Nullable Tensor> lossCotangents;
  private boolean closed;

  StructuredLinearisation(
      Sequential model,
      Tensor parameters,
      Tensor inputs,
      @Nullable Loss loss,
      @Nullable Tensor targets) {
    this(model, parameters, inputs, loss, targets, null);
  }

  /**
   * With what depends on the inputs alone from another one.
   *
   * @param like open, of the same model and inputs; or null
   */
  private StructuredLinearisation(
      Sequential model,
      Tensor parameters,
      Tensor inputs,
      @Nullable Loss loss,
      @Nullable Tensor targets,
      @Nullable StructuredLinearisation like) {
    super(model, parameters, inputs, loss, targets);
    this.sequential = model;
    this.plan = model.plan();
    try (Scope scope = Scope.open()) {
      this.outputs = forward(scope, like);
      this.derivative = loss == null ? null : derivative(scope, loss, requireTargets());
    }
  }

  @Override
  public Linearisation at(Tensor others) {
    requireOpen("at");
    sequential.check("Linearisation.at", others, inputs);
    return others.isWrapped()
        ? Linearisation.generic(model, loss, others, inputs, targets)
        : new StructuredLinearisation(sequential, others, inputs, loss, targets, this);
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
      writeRows(cotangents(unitSeeds(), classes), classes, jacobian);
      return scope.keep(jacobian);
    }
  }

  @Override
  public BatchJacobian lossRows(long memoryLimit) {
    Checks.notNegative("Linearisation.lossRows", "memoryLimit", memoryLimit);
    requireDerivative("lossRows");
    try (Scope scope = Scope.open()) {
      return blocks(scope, lossCotangents(scope), 1, memoryLimit);
    }
  }

  @Override
  public BatchJacobian functionRows(long memoryLimit) {
    Checks.notNegative("Linearisation.functionRows", "memoryLimit", memoryLimit);
    requireOpen("functionRows");
    try (Scope scope = Scope.open()) {
      long classes = outputs.size(1);
      return blocks(scope, cotangents(unitSeeds(), classes), classes, memoryLimit);
    }
  }

  @Override
  public Tensor lossGradient(@Nullable Tensor weights) {
    Tensor seed = requireDerivative("lossGradient").gradient();
    try (Scope scope = Scope.open()) {
      List<@Nullable Tensor> cotangents;
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
      List<@Nullable Tensor> cotangents = lossCotangents(scope);
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
      if (outputs.size(1) == 1) {
        Directions directions = new Directions(sequential, vectors, weights);
        tangent(directions);
        return scope.keep(gradientTangent(cotangents(unitSeeds(), 1), null, directions));
      }
      // Cotangents differ from vector to vector, so that the directions of an example do not add
      // up to one. They do for each single output, but C such passes cost C times these.
      Tensor sum = Tensor.zerosLike(parameters);
      for (long m = 0; m < vectors.size(0); m++) {
        try (Scope _ = Scope.open()) {
          Directions directions = new Directions(sequential, vectors.narrow(0, m, 1), null);
          tangent(directions);
          List<@Nullable Tensor> cotangents =
              cotangents(weights.select(0, m).view(outputs.shape()), 1);
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
    // One after the other: a pass has one tangent for each example, and here each has S.
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
    // One after the other: cotangents could go back in groups, but a layer's gradient is the sum
    // over all of them.
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

  private Tensor forward(Scope scope, @Nullable StructuredLinearisation like) {
    List<List<Tensor>> views = sequential.split(parameters);
    List<Tensor> values = new ArrayList<>(views.size() + 1);
    values.add(inputs);
    for (int i = 0; i < views.size(); i++) {
      Plan.Step step = plan.steps().get(i);
      Layer layer = step.layer();
      Tensor input = values.get(step.input());
      if (layer == null) {
        tapes.add(null);
        values.add(input.add(values.get(step.addend())));
      } else {
        Tape tape = tape(layer, views.get(i));
        Tape other = like == null ? null : like.tapes.get(i);
        if (other != null && step.input() == 0) {
          tape.shareInputs(other);
        }
        tapes.add(tape);
        values.add(tape.forward(input));
        for (Tensor saved : tape.saved()) {
          if (saved != null && saved != inputs) {
            own(scope, saved);
          }
        }
      }
    }
    own(scope, values.getLast());
    return values.getLast();
  }

  private Loss.Derivative derivative(Scope scope, Loss known, Tensor wanted) {
    known.checkTargets(outputs, wanted);
    Loss.Derivative result = known.derivative(outputs, wanted);
    own(scope, result.losses());
    own(scope, result.gradient());
    return result;
  }

  private List<@Nullable Tensor> lossCotangents(Scope scope) {
    Tensor seed = requireDerivative("lossGradient").gradient();
    List<@Nullable Tensor> known = lossCotangents;
    // They belong to the scope of the call that made them, which may be over.
    if (known == null || known.stream().anyMatch(it -> it != null && it.isClosed())) {
      known = cotangents(seed, 1);
      for (Tensor cotangent : known) {
        if (cotangent != null) {
          own(scope, cotangent);
        }
      }
      lossCotangents = known;
    }
    return known;
  }

  /** The cotangent of each value that the parameters move, null for the others. */
  private List<@Nullable Tensor> cotangents(Tensor seed, long groups) {
    List<@Nullable Tensor> cotangents = endingWith(seed);
    for (int i = tapes.size() - 1; i >= 0; i--) {
      Tensor cotangent = cotangents.get(i + 1);
      Plan.Step step = plan.steps().get(i);
      if (cotangent == null) {
        continue;
      }
      Tape tape = tapes.get(i);
      if (tape == null) {
        accumulate(cotangents, step.input(), cotangent);
        accumulate(cotangents, step.addend(), cotangent);
      } else if (plan.moves(step.input())) {
        try (Scope layer = Scope.open()) {
          Tensor back = layer.keep(tape.backward(cotangent, groups));
          keep(layer, accumulate(cotangents, step.input(), back));
        }
      }
    }
    return cotangents;
  }

  /** A list with a place for each value: nothing yet but for the last one, the outputs. */
  private List<@Nullable Tensor> endingWith(@Nullable Tensor last) {
    List<@Nullable Tensor> list = new ArrayList<>(tapes.size() + 1);
    for (int i = 0; i < tapes.size(); i++) {
      list.add(null);
    }
    list.add(last);
    return list;
  }

  // Out of place: a sum hands the same cotangent to both of its terms.
  private @Nullable Tensor accumulate(
      List<@Nullable Tensor> sums, int value, @Nullable Tensor term) {
    if (term != null && plan.moves(value)) {
      Tensor sum = sums.get(value);
      sums.set(value, sum == null ? term : sum.add(term));
    }
    return sums.get(value);
  }

  private static void keep(Scope layer, @Nullable Tensor tensor) {
    if (tensor != null) {
      layer.keep(tensor);
    }
  }

  private Tensor unitSeeds() {
    return Tensor.eye(outputs.size(1), outputs.dtype(), outputs.device())
        .repeat(outputs.size(0), 1);
  }

  /** What is done with each layer that has parameters. */
  private interface Visitor {
    void visit(int step, Tape tape, Tensor cotangent);
  }

  private void visit(List<@Nullable Tensor> cotangents, Visitor visitor) {
    for (int i = 0; i < tapes.size(); i++) {
      Tape tape = tapes.get(i);
      Tensor cotangent = cotangents.get(i + 1);
      if (tape != null && cotangent != null && plan.steps().get(i).hasParameters()) {
        visitor.visit(i, tape, cotangent);
      }
    }
  }

  private BatchJacobian blocks(
      Scope scope, List<@Nullable Tensor> cotangents, long groups, long memoryLimit) {
    BlockPlanner planner =
        new BlockPlanner(outputs.size(0) * groups, model.layout().total(), groups, parameters);
    visit(
        cotangents,
        (i, tape, cotangent) -> planner.add(tape, cotangent, plan.steps().get(i).parameters()));
    return planner.build(memoryLimit).keepIn(scope);
  }

  private void writeRows(List<@Nullable Tensor> cotangents, long groups, Tensor jacobian) {
    List<List<Tensor>> slices = sequential.splitRows(jacobian);
    visit(
        cotangents,
        (i, tape, cotangent) -> {
          try (Scope _ = Scope.open()) {
            tape.rows(cotangent, groups, slices.get(i));
          }
        });
  }

  private Tensor gradient(List<@Nullable Tensor> cotangents) {
    Tensor gradient = empty(model.layout().total());
    List<List<Tensor>> slots = sequential.split(gradient);
    visit(
        cotangents,
        (i, tape, cotangent) -> {
          try (Scope _ = Scope.open()) {
            tape.gradient(cotangent, slots.get(i));
          }
        });
    return gradient;
  }

  /** The outputs' tangents. */
  private Tensor tangent(Directions directions) {
    List<@Nullable Tensor> tangents = new ArrayList<>(tapes.size() + 1);
    tangents.add(null);
    for (int i = 0; i < tapes.size(); i++) {
      Plan.Step step = plan.steps().get(i);
      Tape tape = tapes.get(i);
      Tensor input = tangents.get(step.input());
      if (!plan.moves(i + 1)) {
        tangents.add(null);
      } else if (tape != null) {
        try (Scope layer = Scope.open()) {
          Tensor tangent = tape.tangent(input, directions.part(i));
          keep(layer, tangent);
          tape.savedTangents().forEach(saved -> keep(layer, saved));
          tangents.add(tangent);
        }
      } else {
        Tensor other = tangents.get(step.addend());
        tangents.add(input == null ? other : other == null ? input : input.add(other));
      }
    }
    return Objects.requireNonNull(tangents.getLast(), "a model has parameters");
  }

  /** The tangent of {@link #gradient}, after {@link #tangent} with the same directions. */
  private Tensor gradientTangent(
      List<@Nullable Tensor> cotangents, @Nullable Tensor seed, Directions directions) {
    Tensor gradient = empty(model.layout().total());
    List<List<Tensor>> slots = sequential.split(gradient);
    List<@Nullable Tensor> tangents = endingWith(seed);
    for (int i = tapes.size() - 1; i >= 0; i--) {
      Plan.Step step = plan.steps().get(i);
      Tape tape = tapes.get(i);
      Tensor cotangent = cotangents.get(i + 1);
      Tensor tangent = tangents.get(i + 1);
      if (cotangent == null) {
        continue;
      }
      if (tape == null) {
        accumulate(tangents, step.input(), tangent);
        accumulate(tangents, step.addend(), tangent);
        continue;
      }
      try (Scope layer = Scope.open()) {
        if (step.hasParameters()) {
          tape.gradientTangent(cotangent, tangent, slots.get(i));
        }
        if (plan.moves(step.input())) {
          Tensor back = tape.backwardTangent(cotangent, tangent, directions.part(i));
          keep(layer, back);
          keep(layer, accumulate(tangents, step.input(), back));
        }
      }
      // A layer may hand on the very tensor.
      tangents.set(i + 1, null);
      if (tangent != null && tangents.stream().noneMatch(other -> other == tangent)) {
        tangent.close();
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

  static Tape tape(Layer layer, List<Tensor> parameters) {
    return switch (layer) {
      case Linear linear -> new LinearTape(linear, parameters);
      case Conv2d convolution -> new Conv2dTape(convolution, parameters);
      case BatchNorm2d norm ->
          norm.isTraining()
              ? new BatchTrainingTape(norm, parameters)
              : new BatchNorm2dTape(norm, parameters);
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
      case Dropout dropout -> new DropoutTape(dropout);
      case Residual residual ->
          throw new IllegalStateException("a plan takes residual connections apart: " + residual);
    };
  }
}
