package dev.viking.baseline;

import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.nn.Sequential;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.TrainingListener;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.DeviceException;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a method is fitted to; immutable. Start from {@link #of} and change single parts with the
 * {@code with} methods.
 *
 * @param model the network
 * @param loss the negative log-likelihood of one example
 * @param data the training examples, in the given type and on the given device
 * @param initialMean [D], where to start, of the given type and on the given device; borrowed. Null
 *     to start from the method's {@link Method#base}, or else from the model's own initialisation
 * @param seed of everything random
 * @param dtype element type of the parameters
 * @param device where to compute
 * @param listener told about steps (as those of stage {@link dev.viking.posterior.Stage#MLE},
 *     unless the method is VIKING) and projections; may stop the fit
 */
public record FitContext(
    Model model,
    Loss loss,
    TrainingData data,
    @Nullable Tensor initialMean,
    long seed,
    DType dtype,
    Device device,
    TrainingListener listener) {

  /**
   * Checks that the initial mean fits.
   *
   * @throws ShapeException when it is not of the model's size
   * @throws DTypeException when its type is another
   * @throws DeviceException when it lies elsewhere
   */
  public FitContext {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(loss, "loss");
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(listener, "listener");
    if (initialMean != null) {
      long needed = model.layout().total();
      if (initialMean.dim() != 1 || initialMean.size(0) != needed) {
        throw new ShapeException(
            "FitContext: initialMean has shape "
                + Arrays.toString(initialMean.shape())
                + "; ["
                + needed
                + "] is needed");
      }
      if (initialMean.dtype() != dtype) {
        throw new DTypeException(
            "FitContext: initialMean holds " + initialMean.dtype() + "; " + dtype + " is needed");
      }
      if (!initialMean.device().equals(device)) {
        throw new DeviceException(
            "FitContext: initialMean is on " + initialMean.device() + "; " + device + " is needed");
      }
    }
  }

  /**
   * From scratch, in float32 on the CPU, watched by nobody.
   *
   * @param model the network
   * @param loss the negative log-likelihood of one example
   * @param data the training examples
   * @param seed of everything random
   * @return the context
   */
  public static FitContext of(Model model, Loss loss, TrainingData data, long seed) {
    return new FitContext(
        model, loss, data, null, seed, DType.FLOAT32, Device.CPU, TrainingListener.NONE);
  }

  /**
   * Sets where to start.
   *
   * @param mean [D] of the context's type and device; borrowed. Null for none
   * @return a context that differs in this only
   */
  public FitContext withInitialMean(@Nullable Tensor mean) {
    return new FitContext(model, loss, data, mean, seed, dtype, device, listener);
  }

  /**
   * Sets the seed.
   *
   * @param other of everything random
   * @return a context that differs in this only
   */
  public FitContext withSeed(long other) {
    return new FitContext(model, loss, data, initialMean, other, dtype, device, listener);
  }

  /**
   * Sets type and device, and drops an initial mean.
   *
   * @param type element type of the parameters
   * @param place where to compute
   * @return a context that differs in these only
   */
  public FitContext on(DType type, Device place) {
    return new FitContext(model, loss, data, null, seed, type, place, listener);
  }

  /**
   * Sets who watches.
   *
   * @param watcher told about steps, may stop the fit
   * @return a context that differs in this only
   */
  public FitContext withListener(TrainingListener watcher) {
    return new FitContext(model, loss, data, initialMean, seed, dtype, device, watcher);
  }

  /**
   * The model, for methods that need its layers.
   *
   * @param method the method's name, for the message
   * @return the model
   * @throws ArgumentException when it is no {@link Sequential}
   */
  public Sequential sequential(String method) {
    if (model instanceof Sequential sequential) {
      return sequential;
    }
    throw new ArgumentException(
        method
            + ": the model is a "
            + model.getClass().getSimpleName()
            + "; a Sequential is needed, whose layers are known");
  }

  /**
   * Where a method starts: the initial mean, or the base's point estimate, or else the model's own
   * initialisation.
   *
   * @param base the method to fit first when there is no initial mean; null for none
   * @return [D], a copy in the caller's current scope
   * @throws ArgumentException when the base has no point estimate
   * @throws FitStoppedException when the listener stops the fit of the base
   */
  public Tensor start(@Nullable Method base) {
    try (Scope scope = Scope.open()) {
      if (initialMean != null) {
        return scope.keep(initialMean.cloneTensor());
      }
      if (base == null) {
        try (Rng rng = Rng.seeded(seed, device)) {
          return scope.keep(model.initialise(rng, dtype, device));
        }
      }
      Tensor estimate = base.fit(this).pointEstimate();
      if (estimate == null) {
        throw new ArgumentException(
            "FitContext.start: base "
                + base.name()
                + " has no point estimate; a method that has one is needed");
      }
      return scope.keep(estimate.cloneTensor());
    }
  }

  /**
   * Ends the fit when the listener wants it; to be called between steps.
   *
   * @param method the method's name, for the message
   * @throws FitStoppedException when the listener wants to stop
   */
  public void stopIfWanted(String method) {
    if (listener.wantsStop()) {
      throw new FitStoppedException(method + ": stopped by the listener");
    }
  }
}
