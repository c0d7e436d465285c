package dev.viking.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ResultTableTest {

  private static ResultTable table() {
    ResultTable table =
        new ResultTable(
            List.of(
                new ResultTable.Column("accuracy", 3, ResultTable.Better.MORE),
                new ResultTable.Column("NLL", 2, ResultTable.Better.LESS),
                new ResultTable.Column("s", 0, ResultTable.Better.NEITHER)));
    table.row("A", List.of(new double[] {0.9, 0.8}, new double[] {0.5, 0.7}, new double[] {3, 5}));
    table.row("B", List.of(new double[] {0.85, 0.85}, new double[] {0.61}, new double[] {1}));
    table.row("C", List.of(new double[] {0.8499}, new double[] {Double.NaN}, new double[] {9}));
    return table;
  }

  @Test
  void theBestOfEachColumnIsBoldAndSoIsWhatLooksTheSame() {
    assertThat(table().markdown())
        .isEqualTo(
            """
            |  | accuracy | NLL | s |
            | --- | ---: | ---: | ---: |
            | A | **0.850 +- 0.071** | **0.60 +- 0.14** | 4 +- 1 |
            | B | **0.850 +- 0.000** | 0.61 | 1 |
            | C | **0.850** | - | 9 |
            """);
  }

  @Test
  void theConsoleHasStarsAndStaysAligned() {
    List<String> lines = table().console().lines().toList();
    assertThat(lines.get(2)).contains("0.850 +- 0.071*").contains("0.60 +- 0.14*");
    assertThat(lines.get(3).indexOf("0.850") + "0.850 +- 0.000*".length())
        .isEqualTo(lines.get(2).indexOf("0.850") + "0.850 +- 0.071*".length());
    assertThat(lines.get(4)).contains("0.850*").contains("- ");
  }

  @Test
  void aRowAloneIsNotTheBest() {
    ResultTable alone =
        new ResultTable(List.of(new ResultTable.Column("NLL", 2, ResultTable.Better.LESS)));
    alone.row("A", List.of(new double[] {1}));
    assertThat(alone.markdown()).doesNotContain("**");
  }
}
