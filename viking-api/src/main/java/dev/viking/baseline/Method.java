package dev.viking.baseline;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A way to infer the weights of a network, with all its settings.
 *
 * <p>Implementations are immutable values, may be used by several threads at once, and give the
 * same result for the same context.
 */
public interface Method {

  /**
   * What tables call it, such as {@code SWAG}.
   *
   * @return a short name without line breaks
   */
  String name();

  /**
   * All settings that decide the result, as texts: two methods of the same name and settings give
   * the same result.
   *
   * @return value by name, in a fixed order; unmodifiable
   */
  Map<String, String> hyperparameters();

  /**
   * The method whose point estimate this one starts from.
   *
   * <p>{@link #fit} fits it first when the context has no initial mean, with the context's seed.
   * Who fits several methods that have the same base may fit that once and hand its {@link
   * FittedPosterior#pointEstimate} to all: the results are the same.
   *
   * @return the method, or null for one that starts from scratch
   */
  default @Nullable Method base() {
    return null;
  }

  /**
   * Whether a setting decides nothing but how samples are drawn and predict, so that one fit serves
   * all its values by {@link #adopt}.
   *
   * @param hyperparameter name of a setting of this method
   * @return whether {@link #fit} gives the same numbers whatever its value
   */
  default boolean isDrawSetting(String hyperparameter) {
    return false;
  }

  /**
   * A posterior as this method would have fitted it.
   *
   * @param fitted by a method that differs from this one in {@link #isDrawSetting} settings only;
   *     not to be used any more
   * @return the same posterior with this method's settings, the owner of what the given one owned
   */
  default FittedPosterior adopt(FittedPosterior fitted) {
    return fitted;
  }

  /**
   * Infers. Runs in the calling thread.
   *
   * @param context model, data, seed
   * @return the posterior, in the caller's current scope
   * @throws FitStoppedException when the context's listener stops it
   * @throws dev.viking.posterior.TrainingDivergedException when the objective becomes NaN or
   *     infinite
   * @throws dev.viking.torch.ArgumentException when the model is not of a kind that the method can
   *     treat, or the initial mean does not fit
   */
  FittedPosterior fit(FitContext context);
}
