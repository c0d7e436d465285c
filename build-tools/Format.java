import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks ({@code check}) or fixes ({@code apply}) the formatting of every hand-written Java source
 * below the current folder. The build runs this as a single-file program in the JDK that compiles
 * the project, because google-java-format understands only the syntax of the JDK it runs in.
 */
public final class Format {
  private static final Formatter FORMATTER = new Formatter(JavaFormatterOptions.defaultOptions());

  private Format() {}

  /**
   * Runs the check.
   *
   * @param arguments {@code check} or {@code apply}
   * @throws IOException if a source cannot be read or written
   */
  public static void main(String[] arguments) throws IOException {
    boolean apply = arguments.length == 1 && arguments[0].equals("apply");
    List<String> complaints = new ArrayList<>();
    int count = 0;
    for (Path source : sources()) {
      count++;
      String text = Files.readString(source);
      try {
        String formatted =
            FORMATTER.formatSource(
                ImportOrderer.reorderImports(
                    RemoveUnusedImports.removeUnusedImports(text),
                    JavaFormatterOptions.Style.GOOGLE));
        if (formatted.equals(text)) {
          continue;
        }
        if (apply) {
          Files.writeString(source, formatted);
          System.out.println("formatted " + source);
        } else {
          complaints.add(source + ": line " + firstDifference(text, formatted));
        }
      } catch (FormatterException e) {
        complaints.add(source + ": " + e.getMessage());
      }
    }
    if (!complaints.isEmpty()) {
      complaints.forEach(complaint -> System.err.println("not formatted: " + complaint));
      System.err.println("fix with: mvn -q -N -Pformat integration-test");
      System.exit(1);
    }
    System.out.println(count + " Java sources are formatted");
  }

  private static List<Path> sources() throws IOException {
    List<Path> found = new ArrayList<>();
    for (String root : List.of("bindings", "viking-api", "examples", "benchmarks", "build-tools")) {
      try (Stream<Path> files = Files.walk(Path.of(root))) {
        files
            .filter(file -> file.toString().endsWith(".java"))
            .filter(file -> !file.startsWith(Path.of(root, "target")))
            .filter(file -> !file.startsWith(Path.of("bindings", "src", "generated")))
            .sorted()
            .forEach(found::add);
      }
    }
    return found;
  }

  private static int firstDifference(String before, String after) {
    int line = 1;
    for (int i = 0; i < Math.min(before.length(), after.length()); i++) {
      if (before.charAt(i) != after.charAt(i)) {
        break;
      }
      if (before.charAt(i) == '\n') {
        line++;
      }
    }
    return line;
  }
}
