package dev.viking.func;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.viking.torch.Device;
import dev.viking.torch.NativeMemory;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import dev.viking.torch.VikingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The transform conformance suite: every case that {@code torch.func} gets right is right here too,
 * and every other one is right or refused with a typed exception, never wrong.
 *
 * <p>Reads every file of the suite's format in the folder {@code transforms} of the system property
 * {@code viking.golden.dir} (or in that folder itself), by default the test resources.
 */
@Tag("golden")
class TransformGoldenTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final double FIRST_ORDER = 1e-9;
  private static final double SECOND_ORDER = 1e-7;
  private static final AtomicInteger RIGHT = new AtomicInteger();
  private static final Map<String, String> REFUSED = Collections.synchronizedMap(new TreeMap<>());
  private static final Map<String, String> WRONG = Collections.synchronizedMap(new TreeMap<>());

  /** One transform of one program: what to compute, and what is expected. */
  private record Case(
      String transform,
      boolean rightUpstream,
      double tolerance,
      List<JsonNode> expected,
      Supplier<List<Tensor>> compute) {}

  static Path goldenFolder() {
    String property = System.getProperty("viking.golden.dir");
    return property == null || property.isBlank()
        ? Path.of("src", "test", "resources", "golden")
        : Path.of(property);
  }

  @TestFactory
  Stream<DynamicNode> conformance() throws IOException {
    Path folder = goldenFolder();
    List<Path> files = new ArrayList<>();
    for (Path place : List.of(folder, folder.resolve("transforms"))) {
      if (Files.isDirectory(place)) {
        try (Stream<Path> list = Files.list(place)) {
          list.filter(path -> path.toString().endsWith(".json")).sorted().forEach(files::add);
        }
      }
    }
    List<DynamicNode> nodes = new ArrayList<>();
    for (Path file : files) {
      JsonNode json = MAPPER.readTree(file.toFile());
      JsonNode programs = json.get("programs");
      if (programs == null) {
        continue; // an ELBO case, which another test reads
      }
      List<DynamicNode> tests = new ArrayList<>();
      for (JsonNode program : programs) {
        String name = program.get("name").asText();
        tests.add(DynamicTest.dynamicTest(name, () -> check(new TransformProgram(program))));
      }
      nodes.add(DynamicContainer.dynamicContainer(json.get("op").asText(), tests.stream()));
    }
    assertThat(nodes)
        .as("program files in %s and its transforms/", folder.toAbsolutePath())
        .isNotEmpty();
    return nodes.stream();
  }

  @AfterAll
  static void report() throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("right ").append(RIGHT.get());
    text.append(", refused ").append(REFUSED.size());
    text.append(", wrong ").append(WRONG.size()).append('\n');
    REFUSED.forEach(
        (name, why) -> text.append("refused  ").append(name).append("  ").append(why).append('\n'));
    WRONG.forEach(
        (name, why) -> text.append("wrong    ").append(name).append("  ").append(why).append('\n'));
    Path target = Path.of("target");
    Files.createDirectories(target);
    Files.writeString(target.resolve("transform-conformance.txt"), text);
  }

  private static void check(TransformProgram program) {
    List<String> failures = new ArrayList<>();
    long before = NativeMemory.live(Device.CPU).handles();
    try (Scope _ = Scope.open()) {
      for (Case one : cases(program)) {
        String name = program.name() + " " + one.transform;
        String problem = outcome(name, one);
        if (problem != null) {
          failures.add(one.transform + ": " + problem);
        }
      }
    }
    assertThat(NativeMemory.live(Device.CPU).handles()).as("live handles").isEqualTo(before);
    assertThat(failures).as(program.name()).isEmpty();
  }

  private static @Nullable String outcome(String name, Case one) {
    List<Tensor> got;
    try (Scope scope = Scope.open()) {
      got = scope.keep(one.compute.get());
    } catch (VikingException refusal) {
      String why = refusal.getClass().getSimpleName() + ": " + refusal.getMessage();
      if (one.rightUpstream) {
        return "refused, but right upstream: " + why;
      }
      REFUSED.put(name, why.lines().findFirst().orElse(""));
      return null;
    }
    String deviation = deviation(got, one.expected, one.tolerance);
    if (deviation == null) {
      RIGHT.incrementAndGet();
    } else {
      WRONG.put(name, deviation);
    }
    return deviation;
  }

  private static @Nullable String deviation(
      List<Tensor> got, List<JsonNode> expected, double tolerance) {
    if (got.size() != expected.size()) {
      return got.size() + " tensors, expected " + expected.size();
    }
    for (int i = 0; i < got.size(); i++) {
      Tensor tensor = got.get(i);
      long[] shape = shape(expected.get(i));
      if (!java.util.Arrays.equals(tensor.shape(), shape)) {
        return "shape "
            + java.util.Arrays.toString(tensor.shape())
            + ", expected "
            + java.util.Arrays.toString(shape);
      }
      String dtype = expected.get(i).get("dtype").asText();
      if (!tensor.dtype().name().equalsIgnoreCase(dtype)) {
        return "dtype " + tensor.dtype() + ", expected " + dtype;
      }
      double[] values = tensor.toDoubleArray();
      JsonNode data = expected.get(i).get("data");
      double scale = 1;
      for (JsonNode value : data) {
        scale = Math.max(scale, Math.abs(value.asDouble()));
      }
      for (int k = 0; k < values.length; k++) {
        double error = Math.abs(values[k] - data.get(k).asDouble());
        if (!(error <= tolerance * scale)) {
          return "tensor "
              + i
              + " element "
              + k
              + ": "
              + values[k]
              + ", expected "
              + data.get(k).asDouble()
              + " (scale "
              + scale
              + ")";
        }
      }
    }
    return null;
  }

  private static long[] shape(JsonNode tensor) {
    JsonNode list = tensor.get("shape");
    long[] shape = new long[list.size()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = list.get(i).asLong();
    }
    return shape;
  }

  private static boolean ok(JsonNode transform, String mark) {
    return transform.path(mark).asText("ok").equals("ok");
  }

  private static List<JsonNode> list(JsonNode array) {
    List<JsonNode> nodes = new ArrayList<>();
    array.forEach(nodes::add);
    return nodes;
  }

  private static List<Case> cases(TransformProgram program) {
    JsonNode json = program.json();
    List<Tensor> inputs = program.inputs();
    List<Tensor> point = program.differentiableOf(inputs);
    TensorsFunction f = xs -> List.of(program.runDifferentiable(inputs, xs));
    List<Case> cases = new ArrayList<>();

    JsonNode forward = json.get("forward");
    if (forward != null) {
      cases.add(
          new Case(
              "forward",
              true,
              FIRST_ORDER,
              List.of(forward.get("output")),
              () -> List.of(program.run(inputs))));
    }
    JsonNode jvp = json.get("jvp");
    if (jvp != null) {
      cases.add(
          new Case(
              "jvp",
              ok(jvp, "upstream"),
              FIRST_ORDER,
              List.of(jvp.get("output_tangent")),
              () -> Func.jvp(f, point, TransformProgram.tensors(jvp.get("tangents"))).tangents()));
    }
    JsonNode vjp = json.get("vjp");
    if (vjp != null) {
      cases.add(
          new Case(
              "vjp",
              ok(vjp, "upstream"),
              FIRST_ORDER,
              list(vjp.get("grads")),
              () ->
                  Func.vjp(f, point)
                      .pullback(List.of(TransformProgram.tensor(vjp.get("cotangent"))))));
    }
    JsonNode jacobian = json.get("jacobian");
    if (jacobian != null) {
      addJacobians(cases, program, inputs, point, jacobian);
    }
    JsonNode vmap = json.get("vmap");
    if (vmap != null) {
      addBatched(cases, program, inputs, vmap);
    }
    JsonNode hvp = json.get("hvp");
    if (hvp != null) {
      Tensor weights = TransformProgram.tensor(hvp.get("weights"));
      TensorsFunction scalar =
          xs -> List.of(program.runDifferentiable(inputs, xs).mul(weights).sum());
      List<Tensor> vector = TransformProgram.tensors(hvp.get("vector"));
      cases.add(
          new Case(
              "hvp",
              ok(hvp, "upstream"),
              SECOND_ORDER,
              list(hvp.get("hvp")),
              () -> Func.hvp(scalar, point, vector, HvpMode.REVERSE_OVER_REVERSE).products()));
      cases.add(
          new Case(
              "hvp forward over reverse",
              ok(hvp, "upstream_forward_over_reverse"),
              SECOND_ORDER,
              list(hvp.get("hvp")),
              () -> Func.hvp(scalar, point, vector, HvpMode.FORWARD_OVER_REVERSE).products()));
    }
    JsonNode mixed = json.get("vjp_of_jvp");
    if (mixed != null) {
      cases.add(
          new Case(
              "vjp_of_jvp",
              ok(mixed, "upstream"),
              SECOND_ORDER,
              list(mixed.get("grads")),
              () -> {
                List<Tensor> tangents = TransformProgram.tensors(mixed.get("tangents"));
                TensorsFunction pushed = xs -> Func.jvp(f, xs, tangents).tangents();
                return Func.vjp(pushed, point)
                    .pullback(List.of(TransformProgram.tensor(mixed.get("cotangent"))));
              }));
    }
    return cases;
  }

  private static void addJacobians(
      List<Case> cases,
      TransformProgram program,
      List<Tensor> inputs,
      List<Tensor> point,
      JsonNode json) {
    int argument = json.get("argnum").asInt();
    TensorFunction one =
        x -> {
          List<Tensor> all = new ArrayList<>(point);
          all.set(argument, x);
          return program.runDifferentiable(inputs, all);
        };
    List<JsonNode> expected = List.of(json.get("jacobian"));
    Tensor x = point.get(argument);
    cases.add(
        new Case(
            "jacobian by jacrev",
            ok(json, "upstream_jacrev"),
            FIRST_ORDER,
            expected,
            () -> List.of(Func.jacrev(one, x))));
    cases.add(
        new Case(
            "jacobian by jacfwd",
            ok(json, "upstream_jacfwd"),
            FIRST_ORDER,
            expected,
            () -> List.of(Func.jacfwd(one, x))));
  }

  private static void addBatched(
      List<Case> cases, TransformProgram program, List<Tensor> inputs, JsonNode vmap) {
    List<@Nullable Integer> inDims = dims(vmap.get("in_dims"));
    List<Tensor> batched = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      JsonNode stacked = vmap.get("inputs_batched").get(i);
      batched.add(stacked.isNull() ? inputs.get(i) : TransformProgram.tensor(stacked));
    }
    cases.add(
        new Case(
            "vmap",
            ok(vmap, "upstream"),
            FIRST_ORDER,
            List.of(vmap.get("output")),
            () -> Func.vmap(xs -> List.of(program.run(xs)), options(inDims)).apply(batched)));

    JsonNode vjp = program.json().get("vmap_vjp");
    if (vjp != null) {
      List<@Nullable Integer> all = new ArrayList<>(inDims);
      all.add(0);
      cases.add(
          new Case(
              "vmap_vjp",
              ok(vjp, "upstream"),
              FIRST_ORDER,
              list(vjp.get("grads")),
              () -> {
                List<Tensor> arguments = new ArrayList<>(batched);
                arguments.add(TransformProgram.tensor(vjp.get("cotangents")));
                TensorsFunction body =
                    xs -> {
                      List<Tensor> example = xs.subList(0, inputs.size());
                      TensorsFunction f = zs -> List.of(program.runDifferentiable(example, zs));
                      return Func.vjp(f, program.differentiableOf(example))
                          .pullback(List.of(xs.get(inputs.size())));
                    };
                return Func.vmap(body, options(all)).apply(arguments);
              }));
    }
    JsonNode jvp = program.json().get("vmap_jvp");
    if (jvp != null) {
      List<@Nullable Integer> all = new ArrayList<>(inDims);
      all.addAll(dims(jvp.get("tangent_in_dims")));
      cases.add(
          new Case(
              "vmap_jvp",
              ok(jvp, "upstream"),
              FIRST_ORDER,
              List.of(jvp.get("output_tangent")),
              () -> {
                List<Tensor> arguments = new ArrayList<>(batched);
                arguments.addAll(TransformProgram.tensors(jvp.get("tangents")));
                TensorsFunction body =
                    xs -> {
                      List<Tensor> example = xs.subList(0, inputs.size());
                      TensorsFunction f = zs -> List.of(program.runDifferentiable(example, zs));
                      List<Tensor> tangents = xs.subList(inputs.size(), xs.size());
                      return Func.jvp(f, program.differentiableOf(example), tangents).tangents();
                    };
                return Func.vmap(body, options(all)).apply(arguments);
              }));
    }
  }

  private static VmapOptions options(List<@Nullable Integer> inDims) {
    return VmapOptions.defaults().inDims(inDims.toArray(new @Nullable Integer[0]));
  }

  private static List<@Nullable Integer> dims(JsonNode list) {
    List<@Nullable Integer> dims = new ArrayList<>();
    for (JsonNode dim : list) {
      dims.add(dim.isNull() ? null : dim.asInt());
    }
    return dims;
  }
}
