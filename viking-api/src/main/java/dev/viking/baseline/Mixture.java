package dev.viking.baseline;

import dev.viking.internal.Arguments;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Several posteriors of one method from different initialisations and orders of the data, with
 * equal weights: each describes the surroundings of one solution, all together several solutions.
 * Of point estimates it is a deep ensemble (Lakshminarayanan et al. 2017), of SWAG it is MultiSWAG
 * (Wilson and Izmailov 2020), of Laplace approximations that of Eschenhagen et al. (2021).
 *
 * <p>The first member is what the method gives with the mixture's own seed, so that who has it need
 * not train it again: see {@link #posterior}.
 *
 * @param name what tables call it
 * @param members M, how many
 * @param member how each is fitted
 */
public record Mixture(String name, int members, Method member) implements Method {
  private static final String OPERATION = "Mixture";

  /**
   * Checks the settings.
   *
   * @throws ArgumentException when there is no member, or one would be a mixture itself
   */
  public Mixture {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(member, "member");
    Arguments.atLeast(OPERATION, "members", members, 1);
    if (member instanceof Mixture) {
      throw new ArgumentException(
          OPERATION
              + ": member is "
              + member.name()
              + ", a mixture; a method that is none is needed, with the product of both numbers of"
              + " members");
    }
  }

  /**
   * A mixture.
   *
   * @param members M, how many
   * @param member how each is fitted
   * @return the method
   */
  public static Mixture of(int members, Method member) {
    return new Mixture("Mixture of " + member.name(), members, member);
  }

  /**
   * An ensemble of point estimates.
   *
   * @param members M, how many
   * @param member how each is trained
   * @return the method
   */
  public static Mixture deepEnsemble(int members, MapEstimate member) {
    return new Mixture("Deep ensemble", members, member);
  }

  /**
   * The seed of a member; a mixture's first members are those of a larger one.
   *
   * @param seed of the mixture
   * @param index the member, from 0
   * @return its seed, for the first member the mixture's
   */
  public static long memberSeed(long seed, int index) {
    return index == 0 ? seed : Seeds.derive(seed, index);
  }

  /**
   * The mixture of posteriors that are there.
   *
   * @param fitted M posteriors that {@link #member} made with the seeds of {@link #memberSeed}, not
   *     to be used any more
   * @return the mixture, the owner of what they owned
   * @throws ArgumentException when they are more or fewer, or of networks that differ
   */
  public MixturePosterior posterior(List<? extends FittedPosterior> fitted) {
    if (fitted.size() != members) {
      throw new ArgumentException(
          "Mixture.posterior: fitted: " + fitted.size() + " given; " + members + " are needed");
    }
    return new MixturePosterior(
        FitDescription.of(this, fitted.getFirst().description().model()), List.copyOf(fitted));
  }

  @Override
  public @Nullable Method base() {
    return member.base();
  }

  @Override
  public Map<String, String> hyperparameters() {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("members", Integer.toString(members));
    texts.putAll(member.hyperparameters());
    return Collections.unmodifiableMap(texts);
  }

  @Override
  public boolean isDrawSetting(String hyperparameter) {
    return member.isDrawSetting(hyperparameter);
  }

  @Override
  public FittedPosterior adopt(FittedPosterior fitted) {
    return fitted instanceof MixturePosterior mixture
        ? posterior(mixture.members().stream().map(member::adopt).toList())
        : fitted;
  }

  /**
   * Fits all members, one after the other.
   *
   * @param context model, data, seed; an initial mean is for the first member only
   * @return the members, in the caller's current scope
   */
  @Override
  public MixturePosterior fit(FitContext context) {
    try (Scope scope = Scope.open()) {
      List<FittedPosterior> fitted = new ArrayList<>();
      FitContext own = context;
      for (int i = 0; i < members; i++) {
        fitted.add(member.fit(own.withSeed(memberSeed(context.seed(), i))));
        own = context.withInitialMean(null);
      }
      return posterior(fitted).keepIn(scope);
    }
  }
}
