package dev.viking.posterior;

import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.Tensor;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns a run into a state and back. */
final class RunState {
  private static final String OPTIMIZER = "optimizer.";
  private static final String SCALES = "scales";

  private RunState() {}

  static TrainerState of(TrainingRun run, TrainerOptions options) {
    Map<String, Tensor> tensors = new HashMap<>();
    tensors.put("mean", run.posterior.mean());
    tensors.put("log_precision", run.posterior.logPrecision());
    tensors.put("log_scale_image", run.posterior.logScaleImage());
    putIfThere(tensors, "log_scale_kernel", run.posterior.logScaleKernel());
    putIfThere(tensors, "mle_mean", run.mleMean);
    putIfThere(tensors, "kernel_samples", run.kernelSamples);
    putIfThere(tensors, "epoch_draw", run.epochDraw);
    byte[] rng = run.rng.state();
    tensors.put("rng", Tensor.of(rng, rng.length));
    run.optimizer.state().forEach((name, tensor) -> tensors.put(OPTIMIZER + name, tensor));
    return new TrainerState(
        tensors,
        Map.of(
            "format",
            TrainerState.FORMAT,
            "stage",
            run.stage.name(),
            "epoch",
            Integer.toString(run.epoch),
            "step",
            Integer.toString(run.step),
            SCALES,
            name(run.posterior.scales()),
            "seed",
            Long.toString(options.seed()),
            "batch_size",
            Integer.toString(options.batchSize()),
            "dtype",
            options.dtype().name().toLowerCase(Locale.ROOT)));
  }

  /** A layout in a word: states without it are of the tied one. */
  private static String name(ScaleLayout scales) {
    return (scales.kernelTied() ? "tied" : "free")
        + (scales.isGrouped() ? " in " + scales.count() : "");
  }

  private static void putIfThere(
      Map<String, Tensor> tensors, String name, @Nullable Tensor tensor) {
    if (tensor != null) {
      tensors.put(name, tensor);
    }
  }

  /** Refuses a state that cannot be gone on from with this model and these options. */
  static void check(TrainerState state, Model model, TrainerOptions options) {
    require(state, "format", TrainerState.FORMAT);
    require(state, "seed", Long.toString(options.seed()));
    require(state, "batch_size", Integer.toString(options.batchSize()));
    require(state, "dtype", options.dtype().name().toLowerCase(Locale.ROOT));
    String needed = name(options.scales().layout(model.layout()));
    String given = state.texts().getOrDefault(SCALES, name(ScaleLayout.TIED));
    if (!needed.equals(given)) {
      throw new ArgumentException(
          "VikingTrainer.resume: the state's scales are \""
              + given
              + "\"; the options need \""
              + needed
              + "\"");
    }
    Tensor mean = state.tensor("mean");
    if (mean.numel() != model.layout().total()) {
      throw new ArgumentException(
          "VikingTrainer.resume: the state has "
              + mean.numel()
              + " parameters; the model needs "
              + model.layout().total());
    }
  }

  private static void require(TrainerState state, String name, String needed) {
    if (!state.text(name).equals(needed)) {
      throw new ArgumentException(
          "VikingTrainer.resume: the state's "
              + name
              + " is \""
              + state.text(name)
              + "\"; the options need \""
              + needed
              + "\"");
    }
  }

  static KernelImagePosterior posterior(TrainerState state, Model model, TrainerOptions options) {
    ScaleLayout scales = options.scales().layout(model.layout());
    return KernelImagePosterior.of(
        copy(state.tensor("mean"), options),
        scales,
        state.tensor("log_precision").item(),
        state.tensor("log_scale_image").toDoubleArray(),
        scales.kernelTied() ? new double[0] : state.tensor("log_scale_kernel").toDoubleArray());
  }

  static void restore(TrainingRun run, TrainerState state, TrainerOptions options) {
    run.epoch = Math.toIntExact(state.number("epoch"));
    run.step = Math.toIntExact(state.number("step"));
    if (run.epoch < 0 || run.step < 0) {
      throw new ArgumentException(
          "VikingTrainer.resume: the state stands at epoch "
              + run.epoch
              + ", step "
              + run.step
              + "; neither may be negative");
    }
    run.mleMean = copyIfThere(state, "mle_mean", options);
    run.kernelSamples = copyIfThere(state, "kernel_samples", options);
    run.epochDraw = copyIfThere(state, "epoch_draw", options);
    boolean inChain =
        (run.stage == Stage.SIGMAS && (run.epoch > 0 || run.step > 0))
            || (run.stage == Stage.ELBO && run.step > 0);
    if (inChain) {
      Checks.samples(
          "VikingTrainer.resume", "kernel_samples", state.tensor("kernel_samples"), run.posterior);
      Checks.samples(
          "VikingTrainer.resume", "epoch_draw", state.tensor("epoch_draw"), run.posterior);
    }
    run.rng.restore(state.tensor("rng").toByteArray());
    Map<String, Tensor> optimizer = new HashMap<>();
    state
        .tensors()
        .forEach(
            (name, tensor) -> {
              if (name.startsWith(OPTIMIZER)) {
                // Step counts are whole numbers and stay on the host.
                optimizer.put(
                    name.substring(OPTIMIZER.length()),
                    tensor.dtype().isFloatingPoint() ? tensor.to(options.device()) : tensor);
              }
            });
    run.optimizer.restore(optimizer);
  }

  private static @Nullable Tensor copyIfThere(
      TrainerState state, String name, TrainerOptions options) {
    Tensor tensor = state.tensors().get(name);
    return tensor == null ? null : copy(tensor, options);
  }

  /** A copy of our own, on the device of the run. */
  private static Tensor copy(Tensor tensor, TrainerOptions options) {
    if (tensor.dtype() != options.dtype() && tensor.dtype() != DType.UINT8) {
      throw new ArgumentException(
          "VikingTrainer.resume: a tensor of the state holds "
              + tensor.dtype()
              + "; the options need "
              + options.dtype());
    }
    return tensor.to(options.device()).cloneTensor();
  }
}
