package dev.viking.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PythonTorchTest {
  @TempDir Path folder = Path.of("");

  private Path python(String file) throws IOException {
    Path python = folder.resolve(file);
    Files.createDirectories(python.getParent());
    return Files.createFile(python);
  }

  @Test
  void theActiveEnvironmentComesBeforeThePath() throws IOException {
    Path base = python("usr/bin/python3");
    Path environment = Files.createDirectories(folder.resolve("venv/bin"));
    Files.createSymbolicLink(environment.resolve("python3"), base);
    Path active = Files.createDirectory(folder.resolve("active"));
    String path = String.join(":", environment.toString(), "relative", base.getParent().toString());
    assertThat(PythonTorch.prefixes(Map.of("PATH", path, "VIRTUAL_ENV", active.toString())))
        .containsExactly(active, folder.resolve("venv"), base.toRealPath().getParent().getParent());
  }

  @Test
  void aVersionManagersFrontLeadsToTheChosenVersion() throws IOException {
    Path front = python("pyenv/shims/python3");
    Files.writeString(folder.resolve("pyenv/version"), "3.12.1\n9.9\n");
    Path chosen = Files.createDirectories(folder.resolve("pyenv/versions/3.12.1"));
    Files.createDirectories(folder.resolve("pyenv/versions/3.8.0"));
    assertThat(PythonTorch.prefixes(Map.of("PATH", front.getParent().toString())))
        .containsExactly(chosen);
  }

  @Test
  void aFolderTellsItsVersionInAnyOfThreeWays() throws IOException {
    Path home = Files.createDirectories(folder.resolve("torch/lib")).getParent();
    assertThat(LibtorchFolder.ofHome("test", home).version()).isNull();
    Path header = home.resolve("include/torch/headeronly/version.h");
    Files.createDirectories(header.getParent());
    Files.writeString(
        header,
        """
        #define TORCH_VERSION_MAJOR 2
        #define TORCH_VERSION_MINOR 13
        #define TORCH_VERSION_PATCH 1
        """);
    assertThat(LibtorchFolder.ofHome("test", home).version()).isEqualTo("2.13.1");
    Files.writeString(home.resolve("build-version"), "2.12.0+cpu\n");
    assertThat(LibtorchFolder.ofHome("test", home).version()).isEqualTo("2.12.0+cpu");
    Files.writeString(home.resolve("version.py"), "debug = False\n__version__ = '2.11.0+cu130'\n");
    assertThat(LibtorchFolder.ofHome("test", home).version()).isEqualTo("2.11.0+cu130");
    assertThat(LibtorchFolder.ofHome("test", home.resolve("lib")).version())
        .isEqualTo("2.11.0+cu130");
  }

  @Test
  void onlyTheMinorVersionMustBeTheSame() {
    ShimInfo shim = new ShimInfo("2.13.0", false);
    assertThat(shim.fits("2.13.7+cu130")).isTrue();
    assertThat(shim.fits("2.1.3")).isFalse();
    assertThat(shim.fits("2.12.0")).isFalse();
    assertThat(shim.needed()).isEqualTo("2.13.x is needed");
  }
}
