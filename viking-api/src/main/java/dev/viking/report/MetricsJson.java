package dev.viking.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.viking.metrics.ClassificationMetrics;
import dev.viking.metrics.MeanStd;
import dev.viking.metrics.Reliability;
import dev.viking.metrics.ReliabilityBin;
import dev.viking.torch.ArgumentException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes results as JSON. Fields come in the order of the maps they are in (use {@link
 * java.util.LinkedHashMap}), so two runs can be compared line by line. Numbers that JSON does not
 * have become the strings "NaN", "Infinity" and "-Infinity". Stateless.
 *
 * <p>Values may be null, strings, paths, booleans, numbers, arrays of double, float, int or long,
 * maps with string keys, iterables of such values, and {@link ClassificationMetrics}, {@link
 * MeanStd} and {@link Reliability}.
 */
public final class MetricsJson {
  private static final JsonFactory FACTORY = new JsonFactory();

  private MetricsJson() {}

  /**
   * Writes a file.
   *
   * @param file JSON file to write in UTF-8; missing folders are made
   * @param fields the fields of the outermost object
   * @throws ArgumentException when a value is of no supported type
   * @throws UncheckedIOException when the file cannot be written
   */
  public static void write(Path file, Map<String, ?> fields) {
    String text = format(fields);
    try {
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /**
   * The same as text.
   *
   * @param fields the fields of the outermost object
   * @return indented JSON that ends with a line feed
   * @throws ArgumentException when a value is of no supported type
   */
  public static String format(Map<String, ?> fields) {
    StringWriter text = new StringWriter();
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter().withObjectIndenter(indenter);
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.setPrettyPrinter(printer);
      value(json, "", fields);
      json.writeRaw('\n');
    } catch (IOException e) {
      throw new UncheckedIOException("MetricsJson: writing to memory failed", e);
    }
    return text.toString();
  }

  private static void value(JsonGenerator json, String path, @Nullable Object value)
      throws IOException {
    switch (value) {
      case null -> json.writeNull();
      case String text -> json.writeString(text);
      // Before iterables: a path iterates over paths, without end.
      case Path file -> json.writeString(file.toString());
      case Boolean truth -> json.writeBoolean(truth);
      case Double number -> json.writeNumber(number);
      case Float number -> json.writeNumber(number);
      case Integer number -> json.writeNumber(number);
      case Long number -> json.writeNumber(number);
      case double[] numbers -> json.writeArray(numbers, 0, numbers.length);
      case int[] numbers -> json.writeArray(numbers, 0, numbers.length);
      case long[] numbers -> json.writeArray(numbers, 0, numbers.length);
      case float[] numbers -> {
        json.writeStartArray();
        for (float number : numbers) {
          json.writeNumber(number);
        }
        json.writeEndArray();
      }
      case Map<?, ?> map -> object(json, path, map);
      case Iterable<?> items -> {
        json.writeStartArray();
        int index = 0;
        for (Object item : items) {
          value(json, path + "[" + index++ + "]", item);
        }
        json.writeEndArray();
      }
      case ClassificationMetrics metrics -> object(json, path, metrics.asMap());
      case MeanStd summary -> {
        json.writeStartObject();
        json.writeNumberField("runs", summary.count());
        json.writeNumberField("mean", summary.mean());
        json.writeNumberField("std", summary.std());
        json.writeEndObject();
      }
      case Reliability reliability -> reliability(json, reliability);
      default ->
          throw new ArgumentException(
              "MetricsJson: field "
                  + path
                  + ": given a "
                  + value.getClass().getName()
                  + "; needed null, a string, boolean, number, array of numbers, map, or iterable");
    }
  }

  private static void object(JsonGenerator json, String path, Map<?, ?> map) throws IOException {
    json.writeStartObject();
    for (Map.Entry<?, ?> field : map.entrySet()) {
      if (!(field.getKey() instanceof String name)) {
        throw new ArgumentException(
            "MetricsJson: field "
                + path
                + ": given the key "
                + field.getKey()
                + "; needed strings");
      }
      json.writeFieldName(name);
      value(json, path.isEmpty() ? name : path + "." + name, field.getValue());
    }
    json.writeEndObject();
  }

  private static void reliability(JsonGenerator json, Reliability reliability) throws IOException {
    json.writeStartObject();
    json.writeNumberField("ece", reliability.ece());
    json.writeNumberField("mce", reliability.mce());
    json.writeNumberField("counted", reliability.counted());
    json.writeNumberField("dropped", reliability.dropped());
    json.writeArrayFieldStart("bins");
    for (ReliabilityBin bin : reliability.bins()) {
      json.writeStartObject();
      json.writeNumberField("lower", bin.lower());
      json.writeNumberField("upper", bin.upper());
      json.writeNumberField("count", bin.count());
      json.writeNumberField("accuracy", bin.accuracy());
      json.writeNumberField("confidence", bin.confidence());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
