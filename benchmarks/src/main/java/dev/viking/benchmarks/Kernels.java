package dev.viking.benchmarks;

import dev.viking.torch.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Supplier;

/** All kernels by name; the twins use the same names for the same work. */
public final class Kernels {
  private static final SequencedMap<String, Supplier<Kernel>> KNOWN = known(32);

  private Kernels() {}

  /**
   * What there is.
   *
   * @return makers of kernels by name, in the order of the report; unmodifiable
   */
  public static Map<String, Supplier<Kernel>> all() {
    return KNOWN;
  }

  /**
   * Makes a kernel.
   *
   * @param name its name
   * @return the kernel, for the calling thread, which closes it
   * @throws IllegalArgumentException when there is no such kernel
   */
  public static Kernel make(String name) {
    Supplier<Kernel> maker = KNOWN.get(name);
    if (maker == null) {
      throw new IllegalArgumentException(
          "there is no kernel '" + name + "'; there are " + KNOWN.keySet());
    }
    return maker.get();
  }

  private static SequencedMap<String, Supplier<Kernel>> known(int batch) {
    SequencedMap<String, Supplier<Kernel>> kernels = new LinkedHashMap<>();
    for (BoundaryKernel.Crossing crossing : BoundaryKernel.Crossing.values()) {
      kernels.put(crossing.name().toLowerCase(Locale.ROOT), () -> new BoundaryKernel(crossing));
    }
    kernels.put("add8", () -> new AddKernel(false));
    kernels.put("add8_scope", () -> new AddKernel(true));
    Map<String, Function<LeNetProblem, List<Tensor>>> work = new LinkedHashMap<>();
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
    work.forEach((name, f) -> kernels.put(name, () -> new LeNetKernel(batch, f)));
    kernels.put("map_step", () -> new MapStepKernel(batch));
    kernels.put("viking_step", () -> new VikingStepKernel(batch, true));
    kernels.put("viking_step_fixed_projection", () -> new VikingStepKernel(batch, false));
    return Collections.unmodifiableSequencedMap(kernels);
  }
}
