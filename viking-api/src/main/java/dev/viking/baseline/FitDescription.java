package dev.viking.baseline;

import dev.viking.nn.Model;
import dev.viking.torch.ArgumentException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a fitted posterior is of; immutable.
 *
 * @param method the method's name, as {@link Method#name}
 * @param hyperparameters the method's settings, as {@link Method#hyperparameters}
 * @param model the network
 */
public record FitDescription(String method, Map<String, String> hyperparameters, Model model) {

  /** Copies the map and keeps its order. */
  public FitDescription {
    Objects.requireNonNull(method, "method");
    Objects.requireNonNull(model, "model");
    hyperparameters = Collections.unmodifiableMap(new LinkedHashMap<>(hyperparameters));
  }

  /**
   * The description of a fit.
   *
   * @param method the method
   * @param model the network
   * @return the description
   */
  public static FitDescription of(Method method, Model model) {
    return new FitDescription(method.name(), method.hyperparameters(), model);
  }

  /**
   * A setting, for posteriors that need it when they are read from a file.
   *
   * @param name its name
   * @return its text
   * @throws ArgumentException when there is no such setting
   */
  public String hyperparameter(String name) {
    String text = hyperparameters.get(name);
    if (text == null) {
      throw new ArgumentException(
          method
              + ": there is no hyperparameter "
              + name
              + " among "
              + hyperparameters.keySet()
              + "; it is needed to draw samples");
    }
    return text;
  }
}
