package dev.viking.nn;

import dev.viking.func.Func;
import dev.viking.func.TensorFunction;
import dev.viking.func.Vjp;
import dev.viking.func.VmapOptions;
import dev.viking.torch.ClosedException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of any model by transforms. Nothing is shared between the calls but outputs and
 * losses.
 */
final class GenericLinearisation extends Linearisation {
  private final Tensor outputs;
  private final @Nullable Tensor losses;
  private boolean closed;

  GenericLinearisation(
      Model model,
      Tensor parameters,
      Tensor inputs,
      @Nullable Loss loss,
      @Nullable Tensor targets) {
    super(model, parameters, inputs, loss, targets);
    try (Scope scope = Scope.open()) {
      Tensor values = model.apply(parameters, inputs);
      Checks.shape("Model.apply", "the result", values, inputs.size(0), -1);
      outputs = scope.keep(values);
      losses = loss == null ? null : scope.keep(loss.perExample(values, requireTargets()));
    }
  }

  @Override
  public Tensor outputs() {
    requireOpen("outputs");
    return outputs;
  }

  @Override
  public Tensor losses() {
    requireOpen("losses");
    requireLoss("losses");
    return Objects.requireNonNull(losses);
  }

  @Override
  public Tensor lossJacobian() {
    requireOpen("lossJacobian");
    Loss known = requireLoss("lossJacobian");
    try (Scope scope = Scope.open()) {
      List<Tensor> rows =
          Func.vmap(
                  example -> {
                    Tensor x = example.get(0).unsqueeze(0);
                    Tensor y = example.get(1).unsqueeze(0);
                    TensorFunction one = p -> known.perExample(model.apply(p, x), y).sum();
                    return List.of(Func.grad(one, parameters));
                  },
                  VmapOptions.defaults())
              .apply(List.of(inputs, requireTargets()));
      return scope.keep(rows.getFirst());
    }
  }

  @Override
  public Tensor functionJacobian() {
    requireOpen("functionJacobian");
    try (Scope scope = Scope.open()) {
      TensorFunction one =
          x -> Func.jacrev(p -> model.apply(p, x.unsqueeze(0)).squeeze(0), parameters);
      return scope.keep(Func.vmap(one).apply(inputs).flatten(0, 1));
    }
  }

  @Override
  public BatchJacobian lossRows(long memoryLimit) {
    Checks.notNegative("Linearisation.lossRows", "memoryLimit", memoryLimit);
    return dense(lossJacobian());
  }

  @Override
  public BatchJacobian functionRows(long memoryLimit) {
    Checks.notNegative("Linearisation.functionRows", "memoryLimit", memoryLimit);
    return dense(functionJacobian());
  }

  private BatchJacobian dense(Tensor rows) {
    return new BatchJacobian(
        List.of(new DenseBlock(rows, 0)),
        List.of("all parameters"),
        rows.size(0),
        rows.size(1),
        rows);
  }

  @Override
  public Tensor lossGradient(@Nullable Tensor weights) {
    requireOpen("lossGradient");
    requireLoss("lossGradient");
    Tensor factors = weights == null ? null : weights;
    if (factors != null) {
      checkWeights("lossGradient", factors, inputs.size(0));
    }
    try (Scope scope = Scope.open()) {
      return scope.keep(Func.grad(p -> weightedLoss(p, factors), parameters));
    }
  }

  @Override
  public Tensor lossWeightedHvp(Tensor weights, Tensor vectors) {
    requireOpen("lossWeightedHvp");
    requireLoss("lossWeightedHvp");
    checkVectors("lossWeightedHvp", vectors);
    checkWeights("lossWeightedHvp", weights, vectors.size(0), inputs.size(0));
    return weightedHvp(weights, vectors, this::weightedLoss);
  }

  @Override
  public Tensor functionWeightedHvp(Tensor weights, Tensor vectors) {
    requireOpen("functionWeightedHvp");
    checkVectors("functionWeightedHvp", vectors);
    checkWeights("functionWeightedHvp", weights, vectors.size(0), outputs.numel());
    return weightedHvp(weights, vectors, (p, w) -> model.apply(p, inputs).flatten().mul(w).sum());
  }

  @Override
  public Tensor functionJvp(Tensor vectors) {
    requireOpen("functionJvp");
    checkVectors("functionJvp", vectors);
    try (Scope scope = Scope.open()) {
      List<Tensor> products = new ArrayList<>();
      for (long m = 0; m < vectors.size(0); m++) {
        products.add(
            Func.jvp(p -> model.apply(p, inputs), parameters, vectors.select(0, m)).tangent());
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
    try (Scope scope = Scope.open();
        Vjp linearisation = Func.vjp(p -> model.apply(p, inputs), parameters)) {
      List<Tensor> products = new ArrayList<>();
      for (long m = 0; m < cotangents.size(0); m++) {
        products.add(linearisation.pullback(cotangents.select(0, m)));
      }
      return scope.keep(Tensor.stack(products, 0));
    }
  }

  @Override
  public void close() {
    closed = true;
    outputs.close();
    if (losses != null) {
      losses.close();
    }
  }

  /** A scalar function of parameters and constant weights. */
  private interface Weighted {
    Tensor apply(Tensor parameters, Tensor weights);
  }

  /** The gradient of w^T J(theta) v is the Hessian of w^T f(theta) times v. */
  private Tensor weightedHvp(Tensor weights, Tensor vectors, Weighted function) {
    try (Scope scope = Scope.open()) {
      Tensor sum = Tensor.zerosLike(parameters);
      for (long m = 0; m < vectors.size(0); m++) {
        Tensor w = weights.select(0, m);
        sum.add_(Func.hvp(p -> function.apply(p, w), parameters, vectors.select(0, m)).product());
      }
      return scope.keep(sum);
    }
  }

  private Tensor weightedLoss(Tensor candidate, @Nullable Tensor weights) {
    Tensor values =
        requireLoss("weightedLoss").perExample(model.apply(candidate, inputs), requireTargets());
    return weights == null ? values.sum() : values.mul(weights).sum();
  }

  private void requireOpen(String operation) {
    if (closed) {
      throw new ClosedException("Linearisation." + operation + ": the linearisation is closed");
    }
  }
}
