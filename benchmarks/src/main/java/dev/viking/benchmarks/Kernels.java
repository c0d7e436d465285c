package dev.viking.benchmarks;

import dev.viking.linalg.ConjugateGradient;
import dev.viking.posterior.ElboOptions;
import dev.viking.posterior.JacobianKind;
import dev.viking.posterior.ProjectionGradient;
import dev.viking.posterior.RankEstimator;
import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;

/** All kernels by name; the twins use the same names for the same work. */
public final class Kernels {
  private static final SequencedMap<String, Function<Setting, Kernel>> KNOWN = known();

  private Kernels() {}

  /**
   * What there is.
   *
   * @return makers of kernels by name, in the order of the report; unmodifiable
   */
  public static Map<String, Function<Setting, Kernel>> all() {
    return KNOWN;
  }

  /**
   * Makes a kernel.
   *
   * @param name its name, with a {@link Setting} after an {@code @} or for the default one
   * @return the kernel, for the calling thread, which closes it
   * @throws IllegalArgumentException when there is no such kernel or setting
   */
  public static Kernel make(String name) {
    int at = name.indexOf('@');
    Setting setting = at < 0 ? Setting.DEFAULT : Setting.parse(name.substring(at + 1));
    Function<Setting, Kernel> maker = KNOWN.get(at < 0 ? name : name.substring(0, at));
    if (maker == null) {
      throw new IllegalArgumentException(
          "there is no kernel '" + name + "'; there are " + KNOWN.keySet());
    }
    return maker.apply(setting);
  }

  private static SequencedMap<String, Function<Setting, Kernel>> known() {
    SequencedMap<String, Function<Setting, Kernel>> kernels = new LinkedHashMap<>();
    for (BoundaryKernel.Crossing crossing : BoundaryKernel.Crossing.values()) {
      kernels.put(crossing.name().toLowerCase(Locale.ROOT), _ -> new BoundaryKernel(crossing));
    }
    kernels.put("add8", _ -> new AddKernel(false));
    kernels.put("add8_scope", _ -> new AddKernel(true));
    for (ImageKernel.Work image : ImageKernel.Work.values()) {
      String name = "image_" + image.name().toLowerCase(Locale.ROOT);
      kernels.put(name, _ -> new ImageKernel(image, true));
      kernels.put(name + "_libtorch", _ -> new ImageKernel(image, false));
    }
    Map<String, Function<Problem, List<Tensor>>> work = new LinkedHashMap<>();
    work.put("forward", Transformations::forward);
    work.put("jvp", Transformations::jvp);
    work.put("vjp", Transformations::vjp);
    work.put("gradient", Transformations::gradient);
    work.put("hvp", Transformations::hvp);
    work.put("per_example_gradients", Transformations::perExampleGradients);
    work.put("per_example_gradients_generic", Transformations::perExampleGradientsGeneric);
    work.put("jacobian", Transformations::jacobian);
    work.put("jacobian_generic", Transformations::jacobianGeneric);
    work.put("jacobian_jacrev", Transformations::jacrev);
    work.forEach((name, f) -> kernels.put(name, s -> new TransformationKernel(s, f)));
    kernels.put("map_step", MapStepKernel::new);
    steps().forEach((name, options) -> kernels.put(name, s -> new VikingStepKernel(s, options)));
    kernels.put("projection", s -> new ProjectionKernel(s, JacobianKind.LOSS));
    kernels.put("projection_function", s -> new ProjectionKernel(s, JacobianKind.FUNCTION));
    kernels.put("sampling", SamplingKernel::new);
    kernels.put("data_forward", DataForwardKernel::new);
    return Collections.unmodifiableSequencedMap(kernels);
  }

  private static Map<String, ElboOptions> steps() {
    ElboOptions exact = ElboOptions.exact();
    Map<String, ElboOptions> steps = new LinkedHashMap<>();
    steps.put("viking_step", exact);
    steps.put(
        "viking_step_fixed_projection", exact.withProjectionGradient(ProjectionGradient.NONE));
    steps.put("viking_step_function", exact.withJacobian(JacobianKind.FUNCTION));
    steps.put(
        "viking_step_paper",
        exact.withSolver(new ConjugateGradient(10, true), RankEstimator.HUTCHINSON));
    return steps;
  }
}
