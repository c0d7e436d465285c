package dev.viking.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ArgumentException;
import java.io.ByteArrayInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {
  @TempDir Path folder;

  @Test
  void textIsEscapedAndTheBestStandsOut() {
    String page =
        new HtmlReport("a < b & \"c\"")
            .heading("<script>")
            .paragraph("it's")
            .preformatted("x <\n y")
            .table(
                List.of("", "n"),
                List.of(List.of(new HtmlReport.Cell("<i>", false), new HtmlReport.Cell("1", true))))
            .toString();
    assertThat(page)
        .contains("<title>a &lt; b &amp; &quot;c&quot;</title>")
        .contains("<h2>&lt;script&gt;</h2>")
        .contains("<p>it&#39;s</p>")
        .contains("<pre>x &lt;\n y</pre>")
        .contains("<td>&lt;i&gt;</td><td class=\"best\">1</td>")
        .doesNotContain("<script>", "<i>");
  }

  @Test
  void picturesAreInsideThePage() throws Exception {
    Path file = folder.resolve("lines.png");
    LinePlot.write(
        file,
        "lines",
        List.of(
            new LinePlot.Chart(
                "chart",
                "x",
                "y",
                List.of(
                    new LinePlot.Line("one", List.of(0.0, 1.0), List.of(1.0, 2.0)),
                    new LinePlot.Line("gap", List.of(0.0, 1.0), List.of(Double.NaN, 2.0))))));
    String page = new HtmlReport("p").picture(file, "two \"lines\"").toString();
    assertThat(page).contains("alt=\"two &quot;lines&quot;\"").doesNotContain("http");
    String start = "src=\"data:image/png;base64,";
    int from = page.indexOf(start) + start.length();
    byte[] png = Base64.getDecoder().decode(page.substring(from, page.indexOf('"', from)));
    assertThat(png).isEqualTo(Files.readAllBytes(file));
    assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isGreaterThan(400);
  }

  @Test
  void wrongTablesAndMissingPicturesAreRefused() {
    HtmlReport report = new HtmlReport("p");
    List<List<HtmlReport.Cell>> rows = List.of(List.of(new HtmlReport.Cell("1", true)));
    assertThatThrownBy(() -> report.table(List.of("a", "b"), rows))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("a row of 1 cells; needed 2");
    assertThatThrownBy(() -> report.picture(folder.resolve("none.png"), ""))
        .isInstanceOf(UncheckedIOException.class);
    assertThatThrownBy(() -> LinePlot.write(folder.resolve("x.png"), "t", List.of()))
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> new LinePlot.Line("l", List.of(1.0), List.of()))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("1 and 0 numbers");
    assertThat(report.toString().getBytes(StandardCharsets.UTF_8)).isNotEmpty();
  }
}
