package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A model at one parameter vector and one batch: its outputs and losses, and every derivative that
 * a VIKING step takes there, with the work of the forward and the backward pass shared.
 *
 * <p>Notation: D parameters, B examples, C outputs, M vectors. The loss Jacobian [B, D] has the
 * gradient of example i's loss in row i; the function Jacobian [B * C, D] has that of output c of
 * example b in row b * C + c.
 *
 * <p>Owns the intermediate tensors; close it when done, or let the scope that was current when it
 * was made do so. Results belong to the scope that is current at the call. The parameters, inputs
 * and targets must stay open and unchanged meanwhile. One thread at a time.
 */
public abstract sealed class Linearisation implements AutoCloseable
    permits StructuredLinearisation, GenericLinearisation {
  /** Bytes that a derivative by transforms may take beyond its result, unless set otherwise. */
  public static final long DEFAULT_MEMORY = 1L << 30;

  final Model model;
  final Tensor parameters;
  final Tensor inputs;
  final @Nullable Loss loss;
  final @Nullable Tensor targets;

  Linearisation(
      Model model,
      Tensor parameters,
      Tensor inputs,
      @Nullable Loss loss,
      @Nullable Tensor targets) {
    this.model = model;
    this.parameters = parameters;
    this.inputs = inputs;
    this.loss = loss;
    this.targets = targets;
  }

  /**
   * Evaluates a model and the loss of each example: the structured way for a {@link Sequential}
   * outside of transforms, by transforms for anything else.
   *
   * @param model the model
   * @param loss the loss
   * @param parameters [D], floating
   * @param inputs [B, ...], B at least 1
   * @param targets what the loss wants
   * @return the linearisation
   * @throws ShapeException when sizes do not fit
   * @throws dev.viking.torch.DTypeException when dtypes do not fit
   * @throws dev.viking.torch.IndexException when a label is out of range
   * @throws dev.viking.torch.ClosedException when a tensor is closed
   */
  public static Linearisation of(
      Model model, Loss loss, Tensor parameters, Tensor inputs, Tensor targets) {
    return make(model, loss, parameters, inputs, targets);
  }

  /**
   * Evaluates a model without a loss; only the methods that concern the function may be used.
   *
   * @param model the model
   * @param parameters [D], floating
   * @param inputs [B, ...], B at least 1
   * @return the linearisation
   * @throws ShapeException when sizes do not fit
   * @throws dev.viking.torch.DTypeException when dtypes do not fit
   * @throws dev.viking.torch.ClosedException when a tensor is closed
   */
  public static Linearisation of(Model model, Tensor parameters, Tensor inputs) {
    return make(model, null, parameters, inputs, null);
  }

  /**
   * Evaluates by transforms, whatever the model; for comparison and for models that are not {@link
   * Sequential}.
   *
   * @param model the model
   * @param loss the loss, or null
   * @param parameters [D], floating
   * @param inputs [B, ...], B at least 1
   * @param targets what the loss wants, null without one
   * @return the linearisation
   */
  public static Linearisation generic(
      Model model,
      @Nullable Loss loss,
      Tensor parameters,
      Tensor inputs,
      @Nullable Tensor targets) {
    return generic(model, loss, parameters, inputs, targets, DEFAULT_MEMORY);
  }

  /**
   * Evaluates by transforms within a memory limit, whatever the model.
   *
   * @param model the model
   * @param loss the loss, or null
   * @param parameters [D], floating
   * @param inputs [B, ...], B at least 1
   * @param targets what the loss wants, null without one
   * @param memoryLimit bytes that a derivative may take, about, beyond its result; what exceeds it
   *     is computed in pieces
   * @return the linearisation
   * @throws ArgumentException when the limit is not positive
   */
  public static Linearisation generic(
      Model model,
      @Nullable Loss loss,
      Tensor parameters,
      Tensor inputs,
      @Nullable Tensor targets,
      long memoryLimit) {
    checkBatch(model, parameters, inputs);
    return new GenericLinearisation(model, parameters, inputs, loss, targets, memoryLimit);
  }

  private static Linearisation make(
      Model model,
      @Nullable Loss loss,
      Tensor parameters,
      Tensor inputs,
      @Nullable Tensor targets) {
    boolean wrapped =
        parameters.isWrapped() || inputs.isWrapped() || (targets != null && targets.isWrapped());
    if (model instanceof Sequential sequential && !wrapped) {
      sequential.check("Linearisation.of", parameters, inputs);
      checkBatch(model, parameters, inputs);
      return new StructuredLinearisation(sequential, parameters, inputs, loss, targets);
    }
    return generic(model, loss, parameters, inputs, targets);
  }

  private static void checkBatch(Model model, Tensor parameters, Tensor inputs) {
    model.layout().requireFlat("Linearisation.of", parameters);
    if (inputs.dim() == 0 || inputs.size(0) == 0) {
      throw new ShapeException(
          "Linearisation.of: inputs have shape "
              + Arrays.toString(inputs.shape())
              + ", a batch of at least one example needed");
    }
  }

  /**
   * The same model, loss and batch at other parameters. What depends on the inputs alone, such as
   * the windows that a first convolution sees, is not made again; the two are independent of each
   * other afterwards.
   *
   * @param others [D], floating
   * @return the linearisation there
   * @throws ShapeException when the size does not fit
   * @throws dev.viking.torch.ClosedException when this is closed
   */
  public Linearisation at(Tensor others) {
    return make(model, loss, others, inputs, targets);
  }

  /**
   * The outputs.
   *
   * @return [B, C], owned by this linearisation
   */
  public abstract Tensor outputs();

  /**
   * The loss of each example.
   *
   * @return [B], owned by this linearisation
   * @throws ArgumentException without a loss
   */
  public abstract Tensor losses();

  /**
   * The loss Jacobian.
   *
   * @return [B, D]
   * @throws ArgumentException without a loss
   */
  public abstract Tensor lossJacobian();

  /**
   * The function Jacobian.
   *
   * @return [B * C, D], example-major
   */
  public abstract Tensor functionJacobian();

  /**
   * The loss Jacobian, layer by layer in the form that costs least; of any model but a {@link
   * Sequential}, all rows or none.
   *
   * @param memoryLimit bytes that it may hold; rows beyond are formed anew for each use, one layer
   *     at a time, or as many as fit but two at least
   * @return [B, D], belonging to the current scope
   * @throws ArgumentException without a loss, or when the limit is negative
   */
  public abstract BatchJacobian lossRows(long memoryLimit);

  /**
   * The function Jacobian, layer by layer in the form that costs least; of any model but a {@link
   * Sequential}, all rows or none.
   *
   * @param memoryLimit bytes that it may hold; rows beyond are formed anew for each use, one layer
   *     at a time, or as many as fit but two at least
   * @return [B * C, D], example-major, belonging to the current scope
   * @throws ArgumentException when the limit is negative
   */
  public abstract BatchJacobian functionRows(long memoryLimit);

  /**
   * The gradient of the weighted sum of the losses, {@code J^T weights} for the loss Jacobian J.
   *
   * @param weights [B], or null for the plain sum
   * @return [D]
   * @throws ArgumentException without a loss
   */
  public abstract Tensor lossGradient(@Nullable Tensor weights);

  /**
   * The gradient of {@code sum_m weights_m^T J(theta) vectors_m} for the loss Jacobian J, which is
   * {@code sum_m (sum_i weights_mi Hessian_i) vectors_m}; weights and vectors are constants
   * (specification of VIKING's custom adjoint).
   *
   * @param weights [M, B]
   * @param vectors [M, D]
   * @return [D]
   * @throws ArgumentException without a loss
   */
  public abstract Tensor lossWeightedHvp(Tensor weights, Tensor vectors);

  /**
   * The gradient of {@code sum_m weights_m^T J(theta) vectors_m} for the function Jacobian J;
   * weights and vectors are constants.
   *
   * @param weights [M, B * C], example-major
   * @param vectors [M, D]
   * @return [D]
   */
  public abstract Tensor functionWeightedHvp(Tensor weights, Tensor vectors);

  /**
   * Products of the function Jacobian with vectors, without forming it.
   *
   * @param vectors [M, D]
   * @return [M, B, C]
   */
  public abstract Tensor functionJvp(Tensor vectors);

  /**
   * Products of the transposed function Jacobian with cotangents, without forming it.
   *
   * @param cotangents [M, B, C]
   * @return [M, D]
   */
  public abstract Tensor functionVjp(Tensor cotangents);

  /** Frees the intermediate tensors, outputs and losses included. Closing again does nothing. */
  @Override
  public abstract void close();

  final Loss requireLoss(String operation) {
    if (loss == null) {
      throw new ArgumentException(
          "Linearisation."
              + operation
              + ": made without a loss; give loss and targets to Linearisation.of");
    }
    return loss;
  }

  final Tensor requireTargets() {
    if (targets == null) {
      throw new ArgumentException("Linearisation.of: a loss was given, but no targets");
    }
    return targets;
  }

  final void checkVectors(String operation, Tensor vectors) {
    Checks.shape("Linearisation." + operation, "vectors", vectors, -1, model.layout().total());
    Checks.like("Linearisation." + operation, "vectors", vectors, "parameters", parameters);
  }

  final void checkWeights(String operation, Tensor weights, long... shape) {
    Checks.shape("Linearisation." + operation, "weights", weights, shape);
    Checks.like("Linearisation." + operation, "weights", weights, "parameters", parameters);
  }
}
