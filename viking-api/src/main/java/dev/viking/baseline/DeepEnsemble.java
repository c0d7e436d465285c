package dev.viking.baseline;

import dev.viking.internal.Arguments;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Deep ensemble (Lakshminarayanan et al. 2017): point estimates from different initialisations and
 * orders of the data, averaged in their predictions. The first is the one of the ensemble's own
 * seed, so that who has it need not train it again.
 *
 * @param name what tables call it
 * @param members M, how many
 * @param member how each is trained
 */
public record DeepEnsemble(String name, int members, MapEstimate member) implements Method {

  /**
   * Checks the settings.
   *
   * @throws ArgumentException when there is no member
   */
  public DeepEnsemble {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(member, "member");
    Arguments.atLeast("DeepEnsemble", "members", members, 1);
  }

  /**
   * An ensemble.
   *
   * @param members M, how many
   * @param member how each is trained
   * @return the method
   */
  public static DeepEnsemble of(int members, MapEstimate member) {
    return new DeepEnsemble("Deep ensemble", members, member);
  }

  /**
   * The seed of a member; the ensemble's first members are those of a larger one.
   *
   * @param seed of the ensemble
   * @param index the member, from 0
   * @return its seed, for the first member the ensemble's
   */
  public static long memberSeed(long seed, int index) {
    return index == 0 ? seed : Seeds.derive(seed, index);
  }

  /**
   * How the first member is trained, which is a point estimate of the ensemble's seed.
   *
   * @return {@link #member}
   */
  @Override
  public Method base() {
    return member;
  }

  @Override
  public Map<String, String> hyperparameters() {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("members", Integer.toString(members));
    texts.putAll(member.hyperparameters());
    return Collections.unmodifiableMap(texts);
  }

  /**
   * Trains all members, one after the other.
   *
   * @param context model, data, seed; an initial mean is the first member
   * @return the members, in the caller's current scope
   */
  @Override
  public ParameterSet fit(FitContext context) {
    try (Scope scope = Scope.open()) {
      List<Tensor> trained = new ArrayList<>();
      trained.add(context.start(member));
      FitContext fresh = context.withInitialMean(null);
      for (int i = 1; i < members; i++) {
        FitContext own = fresh.withSeed(memberSeed(context.seed(), i));
        trained.add(member.fit(own).pointEstimate());
      }
      Tensor all = scope.keep(Tensor.stack(trained, 0));
      return new ParameterSet(FitDescription.of(this, context.model()), all);
    }
  }
}
