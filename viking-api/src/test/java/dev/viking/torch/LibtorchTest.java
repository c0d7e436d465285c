package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LibtorchTest {
  @Test
  void buildInfoNamesBothVersionsOfLibtorch() {
    assertThat(Libtorch.buildInfo())
        .containsKeys("abi", "compiled_torch", "runtime_torch", "cuda", "compiler");
    assertThat(Libtorch.buildInfo().get("compiled_torch")).matches("2\\.1[1-3]\\..*");
  }

  @Test
  void everyGuardedOperatorExistsInThisLibtorch() {
    assertThat(Libtorch.guards()).hasSizeGreaterThan(40);
    for (Libtorch.Guard guard : Libtorch.guards()) {
      assertThat(guard.reason()).as(guard.operator()).isNotBlank();
      assertThat(known(guard.operator())).as(guard.operator()).isTrue();
    }
  }

  /** Whether some overload of the operator exists; the message of a wrong overload lists them. */
  private static boolean known(String operator) {
    int dot = operator.indexOf('.');
    String name = dot < 0 ? operator : operator.substring(0, dot);
    try {
      Op.of(name, "no such overload").schema();
      return false;
    } catch (UnknownOperatorException e) {
      return String.valueOf(e.getMessage()).contains("its overloads are");
    }
  }
}
