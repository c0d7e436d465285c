package dev.viking.nn;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Scope;
import dev.viking.torch.ScriptContents;
import dev.viking.torch.ScriptModule;
import dev.viking.torch.Tensor;
import dev.viking.torch.UnsupportedModuleException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A network that was defined and trained elsewhere: a TorchScript module as a function of one flat
 * parameter vector, for a posterior after the fact.
 *
 * <p><b>Meaning.</b> The layout has the names of {@code named_parameters()}; a parameter with
 * several names is there once. The module is evaluated in evaluation mode. What cannot be a pure
 * function (training mode, random operators, changes of buffers, ...) is refused when the file is
 * loaded; {@code docs/how-to/torchscript.md} lists it. Its {@code forward} must take one batch [B,
 * ...] and return one tensor [B, C]. As everywhere, an example's output should depend on that
 * example only, which nobody can check for a module.
 *
 * <p><b>Cost.</b> Derivatives take the generic way, by transforms; {@link Sequential} has faster
 * ones.
 *
 * <p><b>Ownership.</b> Holds the module's buffers and the file's parameter values in native memory
 * until it is closed; close it when nothing uses the model any more. A closed model answers {@link
 * #apply} with {@link dev.viking.torch.ClosedException}.
 *
 * <p><b>Threads.</b> Immutable; any number of threads may use it at once.
 */
public final class TorchScriptModel implements Model, AutoCloseable {
  private final ScriptModule module;
  private final ParameterLayout layout;
  private final long[] sizes;
  private final DType dtype;
  private final Device device;

  private TorchScriptModel(ScriptModule module, Device device) {
    List<Parameter> parameters = new ArrayList<>();
    @Nullable DType common = null;
    for (ScriptContents.Entry entry : module.parameters()) {
      if (common == null) {
        common = entry.dtype();
      } else if (common != entry.dtype()) {
        throw new UnsupportedModuleException(
            "TorchScriptModel.load: "
                + module.file()
                + " has parameters of different types, "
                + module.parameters().getFirst()
                + " and "
                + entry
                + "; load it with the type that all shall have");
      }
      parameters.add(new Parameter(entry.name(), Parameter.Kind.WEIGHT, 1, entry.shape()));
    }
    if (common == null || !common.isFloatingPoint()) {
      throw new UnsupportedModuleException(
          "TorchScriptModel.load: "
              + module.file()
              + " has no floating parameters; a frozen module (torch.jit.freeze) has none left");
    }
    long needed = module.contents().inputs().stream().filter(input -> !input.optional()).count();
    if (needed > 1 || module.contents().inputs().isEmpty()) {
      throw new UnsupportedModuleException(
          "TorchScriptModel.load: forward of "
              + module.file()
              + " takes "
              + module.contents().inputs()
              + "; one input, and others only with defaults, are needed");
    }
    this.module = module;
    this.layout = ParameterLayout.of(parameters);
    this.sizes = layout.entries().stream().mapToLong(ParameterLayout.Entry::size).toArray();
    this.dtype = common;
    this.device = device;
  }

  /**
   * Reads a file that {@code torch.jit.save} wrote, in its own types, onto the CPU. A module is a
   * program: read files that you trust.
   *
   * @param file the file
   * @return the model, to be closed by the caller
   * @throws dev.viking.torch.MalformedModuleException when the file is missing, damaged or
   *     something else
   * @throws UnsupportedModuleException when the module is no pure function of one batch, or uses
   *     what cannot be evaluated here
   */
  public static TorchScriptModel load(Path file) {
    return load(file, null, Device.CPU);
  }

  /**
   * Reads a file that {@code torch.jit.save} wrote.
   *
   * @param file the file
   * @param dtype what its floating tensors are converted to, or null to keep theirs
   * @param device where its tensors shall lie
   * @return the model, to be closed by the caller
   * @throws dev.viking.torch.MalformedModuleException when the file is missing, damaged or
   *     something else
   * @throws UnsupportedModuleException when the module is no pure function of one batch, or uses
   *     what cannot be evaluated here
   * @throws DTypeException when {@code dtype} is not a floating one
   * @throws dev.viking.torch.DeviceException when the device is not there
   */
  public static TorchScriptModel load(Path file, @Nullable DType dtype, Device device) {
    ScriptModule module = ScriptModule.load(file, dtype, device);
    try {
      return new TorchScriptModel(module, device);
    } catch (RuntimeException e) {
      module.close();
      throw e;
    }
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  /**
   * The element type of the parameters.
   *
   * @return a floating type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * What the file holds, buffers and shared parameters included.
   *
   * @return names, shapes and types
   */
  public ScriptContents contents() {
    return module.contents();
  }

  /**
   * {@inheritDoc}
   *
   * @throws dev.viking.torch.TorchException when the module raises an exception, or an operator
   *     does not take its inputs; the message names the operator and its line of source
   * @throws dev.viking.torch.UnsupportedTransformException when an operator is refused under the
   *     transforms around the call
   */
  @Override
  public Tensor apply(Tensor parameters, Tensor inputs) {
    layout.requireFlat("TorchScriptModel.apply", parameters);
    Checks.dtype("TorchScriptModel.apply", "parameters", parameters, dtype);
    List<Tensor> slices = parameters.splitWithSizes(sizes, 0);
    List<Tensor> shaped = new ArrayList<>(slices.size());
    for (int i = 0; i < slices.size(); i++) {
      shaped.add(slices.get(i).view(layout.entries().get(i).shape()));
    }
    List<Tensor> outputs = module.call(shaped, List.of(inputs));
    if (outputs.size() != 1) {
      throw new ArgumentException(
          "TorchScriptModel.apply: forward returned "
              + outputs.size()
              + " tensors; one [B, C] is needed");
    }
    return outputs.getFirst();
  }

  /**
   * The parameters' values in the file.
   *
   * @return [D] of the model's dtype, on its device, in the caller's current scope
   * @throws dev.viking.torch.ClosedException when the model is closed
   */
  public Tensor initialParameters() {
    try (Scope scope = Scope.open()) {
      List<Tensor> flat = module.initialValues().stream().map(Tensor::flatten).toList();
      return scope.keep(Tensor.cat(flat, 0));
    }
  }

  /**
   * The file's own values: nothing is drawn.
   *
   * @param rng not used
   * @param dtype must be the model's
   * @param target where the vector shall lie
   * @return {@link #initialParameters} on the device
   * @throws DTypeException when the type is not the model's
   */
  @Override
  public Tensor initialise(Rng rng, DType dtype, Device target) {
    if (dtype != this.dtype) {
      throw new DTypeException(
          "TorchScriptModel.initialise: dtype is "
              + dtype
              + ", the module's "
              + this.dtype
              + "; load the file with the type that you need");
    }
    try (Scope scope = Scope.open()) {
      Tensor own = initialParameters();
      return scope.keep(target.equals(device) ? own : own.to(target));
    }
  }

  /** Frees the module's memory. Closing again does nothing. */
  @Override
  public void close() {
    module.close();
  }

  @Override
  public String toString() {
    return "TorchScriptModel[" + module.file() + ", " + layout.total() + " parameters]";
  }
}
