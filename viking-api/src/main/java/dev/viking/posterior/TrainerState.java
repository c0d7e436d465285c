package dev.viking.posterior;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.Tensor;
import java.util.Map;

/**
 * Everything a training run needs to go on as if it had never stopped, as named tensors and texts
 * that any checkpoint format can hold.
 *
 * <p>Tensors: {@code mean} [D], {@code log_precision}, {@code log_scale_image} and, unless tied,
 * {@code log_scale_kernel} (one number or one for each group), {@code mle_mean} [D] (once the first
 * stage is over), {@code kernel_samples} and {@code epoch_draw} [S, D] (inside the later stages),
 * {@code rng} (bytes) and {@code optimizer.*}. Texts: {@code format}, {@code stage}, {@code epoch},
 * {@code step} (the next ones to run), {@code seed}, {@code batch_size}, {@code dtype}, {@code
 * scales}.
 *
 * @param tensors by name; those of a state that a trainer hands out are borrowed
 * @param texts by name
 */
public record TrainerState(Map<String, Tensor> tensors, Map<String, String> texts) {
  static final String FORMAT = "viking-trainer-1";

  /** Copies the maps, not the tensors. */
  public TrainerState {
    tensors = Map.copyOf(tensors);
    texts = Map.copyOf(texts);
  }

  /**
   * A tensor that must be there.
   *
   * @param name its name
   * @return the tensor
   * @throws ArgumentException when there is none of this name
   */
  public Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new ArgumentException(
          "TrainerState: there is no tensor \""
              + name
              + "\" among "
              + tensors.keySet().stream().sorted().toList());
    }
    return tensor;
  }

  /**
   * A text that must be there.
   *
   * @param name its name
   * @return the text
   * @throws ArgumentException when there is none of this name
   */
  public String text(String name) {
    String text = texts.get(name);
    if (text == null) {
      throw new ArgumentException(
          "TrainerState: there is no text \""
              + name
              + "\" among "
              + texts.keySet().stream().sorted().toList());
    }
    return text;
  }

  /**
   * A text that must be a whole number.
   *
   * @param name its name
   * @return the number
   * @throws ArgumentException when there is none of this name, or it is no whole number
   */
  public long number(String name) {
    try {
      return Long.parseLong(text(name));
    } catch (NumberFormatException e) {
      throw new ArgumentException(
          "TrainerState: \"" + name + "\" is \"" + text(name) + "\"; a whole number is needed");
    }
  }

  /**
   * The stage at which the run goes on.
   *
   * @return the stage
   * @throws ArgumentException when the state names none
   */
  public Stage stage() {
    String name = text("stage");
    for (Stage stage : Stage.values()) {
      if (stage.name().equals(name)) {
        return stage;
      }
    }
    throw new ArgumentException(
        "TrainerState: \"stage\" is \"" + name + "\"; MLE, SIGMAS or ELBO is needed");
  }
}
