package dev.viking.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.viking.metrics.Classification;
import dev.viking.metrics.MeanStd;
import dev.viking.metrics.Reliability;
import dev.viking.torch.ArgumentException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextOutputTest {
  @TempDir Path folder;

  @Test
  void jsonKeepsTheOrderOfFieldsAndEveryKindOfValue() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("z", 1);
    fields.put("a", "quote \" and ü");
    fields.put("list", Arrays.asList(true, null, 2.5, Long.MAX_VALUE));
    fields.put("doubles", new double[] {0.1, Double.NaN});
    fields.put("path", Path.of("x", "y"));

    assertThat(MetricsJson.format(fields))
        .isEqualTo(
            """
            {
              "z" : 1,
              "a" : "quote \\" and ü",
              "list" : [ true, null, 2.5, 9223372036854775807 ],
              "doubles" : [ 0.1, "NaN" ],
              "path" : "x/y"
            }
            """);
  }

  @Test
  void jsonOfMetricsReadsBackExactly() throws IOException {
    Classification c = Classification.of(new double[][] {{0.7, 0.3}, {0.4, 0.6}}, new int[] {0, 0});
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("map", c.metrics());
    fields.put("seeds", Map.of("nll", MeanStd.of(1, 2)));
    fields.put("reliability", c.reliability(Reliability.USUAL_BINS));
    Path file = folder.resolve("new/metrics.json");
    MetricsJson.write(file, fields);

    JsonNode read = new ObjectMapper().readTree(file.toFile());
    assertThat(read.at("/map/nll").asDouble()).isEqualTo(c.nll());
    assertThat(read.at("/map/accuracy").asDouble()).isEqualTo(0.5);
    assertThat(read.at("/seeds/nll/mean").asDouble()).isEqualTo(1.5);
    assertThat(read.at("/seeds/nll/runs").asInt()).isEqualTo(2);
    assertThat(read.at("/reliability/bins")).hasSize(15);
    assertThat(read.at("/reliability/bins/10/count").asInt()).isEqualTo(1);
    assertThat(read.at("/reliability/ece").asDouble())
        .isEqualTo(c.reliability(Reliability.USUAL_BINS).ece());
  }

  @Test
  void jsonNamesTheFieldThatItCannotWrite() {
    assertThatThrownBy(
            () -> MetricsJson.format(Map.of("outer", List.of(Map.of("inner", new Object())))))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("field outer[0].inner: given a java.lang.Object");
    assertThatThrownBy(() -> MetricsJson.format(Map.of("m", Map.of(1, 2))))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("given the key 1; needed strings");
    assertThatThrownBy(() -> MetricsJson.write(folder, Map.of()))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(folder.toString());
  }

  @Test
  void tableAlignsItsColumns() {
    TextTable table =
        new TextTable("model", "acc", "NLL").row("MAP", "0.98", "0.061").row("VIKING", "1", "");

    assertThat(table.toString())
        .isEqualTo(
            """
            model    acc    NLL
            ------  ----  -----
            MAP     0.98  0.061
            VIKING     1
            """);
    assertThatThrownBy(() -> table.row("one"))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("given 1; needed 3");
    assertThatThrownBy(TextTable::new).isInstanceOf(ArgumentException.class);
  }
}
