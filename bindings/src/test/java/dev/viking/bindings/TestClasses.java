package dev.viking.bindings;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Class files for tests that need other classes than those under test. */
final class TestClasses {
  static final String PACKAGE = "dev.viking.bindings";

  private TestClasses() {}

  /** The folder from which a class was loaded. */
  static Path folderOf(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  /** Compiles one source of our package against our classes into a folder. */
  static void compile(String source, String className, Path output)
      throws IOException, URISyntaxException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new IllegalStateException("the tests need a JDK, given a runtime without javac");
    }
    URI uri = URI.create("string:///dev/viking/bindings/" + className + ".java");
    SimpleJavaFileObject file =
        new SimpleJavaFileObject(uri, JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
          }
        };
    Files.createDirectories(output);
    StringWriter messages = new StringWriter();
    List<String> options =
        List.of(
            "-proc:none",
            "-encoding",
            UTF_8.name(),
            "-d",
            output.toString(),
            "-cp",
            folderOf(NativeLibrary.class).toString());
    boolean compiled = compiler.getTask(messages, null, null, options, null, List.of(file)).call();
    if (!compiled) {
      throw new IllegalStateException("cannot compile " + className + ": " + messages);
    }
  }
}
