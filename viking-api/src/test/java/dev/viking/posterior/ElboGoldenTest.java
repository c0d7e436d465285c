package dev.viking.posterior;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.viking.nn.Model;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The objective and its gradient against the authors' JAX library in float64, to 1e-8 relative on
 * every field, with the rows made by structure and by the transforms.
 *
 * <p>Reads every ELBO case in the folder {@code viking.golden.dir} (by default the test resources).
 */
@Tag("golden")
@ExtendWith(LiveHandles.class)
class ElboGoldenTest {
  private static final double TOLERANCE = 1e-8;

  @TestFactory
  Stream<DynamicTest> everyFieldAgreesWithTheAuthorsLibrary() throws IOException {
    String property = System.getProperty("viking.golden.dir");
    Path folder =
        property == null || property.isBlank()
            ? Path.of("src", "test", "resources", "golden")
            : Path.of(property);
    List<DynamicTest> tests = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(p -> p.toString().endsWith(".json")).sorted().toList()) {
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        if (json.has("programs")) {
          continue; // a transform suite, which another test reads
        }
        String name = json.get("case").asText();
        tests.add(DynamicTest.dynamicTest(name + ", structured", () -> check(json, false)));
        tests.add(DynamicTest.dynamicTest(name + ", generic", () -> check(json, true)));
      }
    }
    assertThat(tests).as("ELBO cases in %s", folder.toAbsolutePath()).isNotEmpty();
    return tests.stream();
  }

  private static void check(JsonNode json, boolean opaque) {
    try (Scope _ = Scope.open()) {
      GoldenCase golden = new GoldenCase(json);
      Model model = opaque ? new OpaqueModel(golden.model()) : golden.model();
      KernelImagePosterior posterior = golden.posterior();
      Tensor noise = golden.field("kernel_previous").mul(Math.sqrt(golden.number("gamma")));
      noise = noise.addScaled(golden.field("eta"), Math.sqrt(1 - golden.number("gamma")));
      Elbo elbo = new Elbo(model, golden.loss(), golden.options(), 1);
      ElboResult result = elbo.evaluate(posterior, golden.inputs(), golden.targets(), noise);
      agrees(golden, "noisy", noise);
      agrees(golden, "kernel", result.kernelSamples());
      agrees(golden, "image", result.imageSamples());
      agrees(golden, "rank", result.rank());
      agrees(golden, "expectation", result.expectation());
      agrees(golden, "kl_scaled", result.kl().mul(result.klWeight()));
      agrees(golden, "elbo_loss", result.loss());
      agrees(golden, "outputs", result.outputs());
      agrees(golden, "grad_params", result.gradMean());
      agrees(golden, "grad_log_precision", result.gradLogPrecision());
      agrees(golden, "grad_log_scale_image", result.gradLogScaleImage());
      assertThat(result.residual().item()).as("|J k| / |J u|").isLessThan(1e-12);
    }
  }

  private static void agrees(GoldenCase golden, String field, Tensor computed) {
    agrees(golden, field, computed.contiguous().toDoubleArray());
  }

  private static void agrees(GoldenCase golden, String field, double... computed) {
    double[] expected = golden.expected(field);
    assertThat(computed).as(field).hasSameSizeAs(expected);
    double scale = 0;
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      scale = Math.max(scale, Math.abs(expected[i]));
      worst = Math.max(worst, Math.abs(expected[i] - computed[i]));
    }
    assertThat(worst / scale).as("relative deviation of %s", field).isLessThan(TOLERANCE);
  }
}
