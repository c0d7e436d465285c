package dev.viking.nn;

import dev.viking.func.Func;
import dev.viking.func.TensorFunction;
import dev.viking.func.TensorsFunction;
import dev.viking.func.Vjp;
import dev.viking.func.VmapOptions;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of any model by transforms. Nothing is shared between the calls but outputs and
 * losses.
 *
 * <p>Everything that comes in numbers (rows, vectors) is batched by {@code vmap}, in as few pieces
 * as the memory limit allows. What one piece takes is estimated from the tensors that the forward
 * pass leaves behind: twice that, for values and derivatives, and three vectors of length D.
 *
 * <p>NOTE [Second derivatives] The gradient of {@code sum_m w_m^T J(theta) v_m} is the sum of M
 * Hessian-vector products, each the reverse derivative of a reverse one. Forward over reverse takes
 * as long (LeNet, 32 examples, one vector: 13.9 ms against 14.1), but is not there for every
 * operator with a double backward.
 */
final class GenericLinearisation extends Linearisation {
  private final Tensor outputs;
  private final @Nullable Tensor losses;
  private final long memoryLimit;
  private final long exampleBytes;
  private boolean closed;

  GenericLinearisation(
      Model model,
      Tensor parameters,
      Tensor inputs,
      @Nullable Loss loss,
      @Nullable Tensor targets,
      long memoryLimit) {
    super(model, parameters, inputs, loss, targets);
    if (memoryLimit < 1) {
      throw new ArgumentException(
          "Linearisation.generic: memoryLimit is " + memoryLimit + "; at least 1 is needed");
    }
    this.memoryLimit = memoryLimit;
    try (Scope scope = Scope.open()) {
      Tensor values = model.apply(parameters, inputs);
      Checks.shape("Model.apply", "the result", values, inputs.size(0), -1);
      outputs = values;
      losses = loss == null ? null : loss.perExample(values, requireTargets());
      long taken = scope.bytes(parameters.device());
      scope.keep(outputs);
      if (losses != null) {
        scope.keep(losses);
      }
      exampleBytes = Math.max(1, taken / inputs.size(0));
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
    requireLoss("lossJacobian");
    return lossRowsOf(inputs, requireTargets(), memoryLimit);
  }

  @Override
  public Tensor functionJacobian() {
    requireOpen("functionJacobian");
    return functionRowsOf(inputs, 0, outputs.size(1), memoryLimit);
  }

  @Override
  public BatchJacobian lossRows(long memoryLimit) {
    Checks.notNegative("Linearisation.lossRows", "memoryLimit", memoryLimit);
    requireOpen("lossRows");
    requireLoss("lossRows");
    return within(memoryLimit, true, inputs.size(0));
  }

  @Override
  public BatchJacobian functionRows(long memoryLimit) {
    Checks.notNegative("Linearisation.functionRows", "memoryLimit", memoryLimit);
    requireOpen("functionRows");
    return within(memoryLimit, false, outputs.numel());
  }

  private BatchJacobian within(long limit, boolean ofLoss, long rows) {
    long columns = model.layout().total();
    Block block =
        rows * columns * parameters.dtype().byteSize() <= limit
            ? new DenseBlock(ofLoss ? lossJacobian() : functionJacobian(), 0)
            : new RecomputedBlock(this, ofLoss, rows, limit);
    return new BatchJacobian(List.of(block), List.of("all parameters"), rows, columns, parameters);
  }

  /** The losses or, flattened, the outputs as a function of the parameters. */
  TensorFunction values(boolean ofLoss) {
    requireOpen(ofLoss ? "lossRows" : "functionRows");
    if (!ofLoss) {
      return p -> model.apply(p, inputs).flatten();
    }
    Loss known = requireLoss("lossRows");
    return p -> known.perExample(model.apply(p, inputs), requireTargets());
  }

  /**
   * Some rows of the loss or the function Jacobian.
   *
   * @param first the first one's number
   * @param count how many: all of some examples, or some of one
   * @param memory bytes that the derivatives may take beyond them
   * @return [count, D]
   */
  Tensor rows(boolean ofLoss, long first, long count, long memory) {
    requireOpen(ofLoss ? "lossRows" : "functionRows");
    try (Scope scope = Scope.open()) {
      if (ofLoss) {
        Tensor some = requireTargets().narrow(0, first, count);
        return scope.keep(lossRowsOf(inputs.narrow(0, first, count), some, memory));
      }
      long classes = outputs.size(1);
      Tensor some = inputs.narrow(0, first / classes, Math.max(1, count / classes));
      return scope.keep(functionRowsOf(some, first % classes, Math.min(count, classes), memory));
    }
  }

  private Tensor lossRowsOf(Tensor examples, Tensor labels, long memory) {
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
                  VmapOptions.defaults().chunkSize(pieces(examples.size(0), 1, memory)))
              .apply(List.of(examples, labels));
      return scope.keep(rows.getFirst());
    }
  }

  /** Rows of some examples, those of the outputs {@code [first, first + count)} of each. */
  private Tensor functionRowsOf(Tensor examples, long first, long count, long memory) {
    try (Scope scope = Scope.open()) {
      long rows = pieces(count, 1, memory); // of one example, 0 for all
      long together = rows == 0 ? pieces(examples.size(0), count, memory) : 1;
      TensorsFunction one =
          x ->
              List.of(
                  Func.jacrev(
                      p -> {
                        Tensor values = model.apply(p, x.getFirst().unsqueeze(0)).squeeze(0);
                        return count == values.size(0) ? values : values.narrow(0, first, count);
                      },
                      parameters,
                      rows));
      Tensor jacobian =
          Func.vmap(one, VmapOptions.defaults().chunkSize(together))
              .apply(List.of(examples))
              .getFirst();
      return scope.keep(jacobian.flatten(0, 1));
    }
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
      return scope.keep(
          mapped(vectors, v -> Func.jvp(p -> model.apply(p, inputs), parameters, v).tangent()));
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
      return scope.keep(mapped(cotangents, linearisation::pullback));
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
      long count = vectors.size(0);
      long size = pieces(count, inputs.size(0));
      long step = size == 0 ? count : size;
      Tensor sum = Tensor.zerosLike(parameters);
      TensorsFunction one =
          x -> List.of(Func.hvp(p -> function.apply(p, x.get(0)), parameters, x.get(1)).product());
      for (long m = 0; m < count; m += step) {
        try (Scope _ = Scope.open()) {
          long some = Math.min(step, count - m);
          Tensor w = weights.narrow(0, m, some);
          Tensor v = vectors.narrow(0, m, some);
          if (some == 1) {
            sum.add_(one.apply(List.of(w.select(0, 0), v.select(0, 0))).getFirst());
          } else {
            Tensor products =
                Func.vmap(one, VmapOptions.defaults()).apply(List.of(w, v)).getFirst();
            sum.add_(products.sum(0, false));
          }
        }
      }
      return scope.keep(sum);
    }
  }

  /** A linear map of the whole batch, applied to each of several vectors. */
  Tensor mapped(Tensor vectors, TensorFunction map) {
    if (vectors.size(0) == 1) {
      return map.apply(vectors.select(0, 0)).unsqueeze(0);
    }
    return Func.vmap(
            x -> List.of(map.apply(x.getFirst())),
            VmapOptions.defaults().chunkSize(pieces(vectors.size(0), inputs.size(0))))
        .apply(List.of(vectors))
        .getFirst();
  }

  /**
   * How many of some equal parts to take at a time, each of which passes through the model with a
   * number of examples: 0 for all.
   */
  private long pieces(long parts, long examples) {
    return pieces(parts, examples, memoryLimit);
  }

  /** The same within the smaller of two limits. */
  long pieces(long parts, long examples, long memory) {
    long own = 3 * parameters.numel() * parameters.dtype().byteSize();
    long bytes = Math.min(memoryLimit, memory);
    long fit = Math.max(1, bytes / (2 * exampleBytes * examples + own));
    return fit >= parts ? 0 : fit;
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
