package dev.viking.examples.serving;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.viking.serving.Prediction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;

/** Requests {@code {"input": [numbers]}} and their answers. */
final class PredictionJson {
  private static final JsonFactory FACTORY = new JsonFactory();

  private PredictionJson() {}

  /** The input of a request. */
  static float[] read(byte[] body, int features) throws RequestException {
    try (JsonParser parser = FACTORY.createParser(body)) {
      expect(parser.nextToken(), JsonToken.START_OBJECT, "an object {\"input\": [...]}");
      expect(parser.nextToken(), JsonToken.FIELD_NAME, "the field \"input\"");
      if (!"input".equals(parser.currentName())) {
        throw bad("unknown field \"" + parser.currentName() + "\"; only \"input\" is known");
      }
      expect(parser.nextToken(), JsonToken.START_ARRAY, "\"input\" to be an array of numbers");
      float[] input = new float[features];
      int count = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (!parser.currentToken().isNumeric()) {
          throw bad("number " + count + " of \"input\" is " + parser.currentToken());
        }
        if (count == features) {
          throw bad("\"input\" has more than " + features + " numbers");
        }
        input[count] = parser.getFloatValue();
        if (!Float.isFinite(input[count])) {
          throw bad("number " + count + " of \"input\" does not fit into 32 bits");
        }
        count++;
      }
      expect(parser.nextToken(), JsonToken.END_OBJECT, "nothing after \"input\"");
      if (parser.nextToken() != null) {
        throw bad("something follows the object");
      }
      if (count != features) {
        throw bad("\"input\" has " + count + " numbers; " + features + " are needed");
      }
      return input;
    } catch (JsonParseException e) {
      throw bad("no valid JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw bad("the request ends too soon");
    }
  }

  private static void expect(
      @org.jspecify.annotations.Nullable JsonToken got, JsonToken wanted, String what)
      throws RequestException {
    if (got != wanted) {
      throw bad(what + " expected, " + (got == null ? "the end" : got) + " found");
    }
  }

  private static RequestException bad(String reason) {
    return new RequestException(400, reason);
  }

  /** An answer. */
  static byte[] write(Prediction prediction) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartObject();
      int outputs = prediction.outputs();
      numbers(json, "mean", outputs, c -> prediction.mean(0, c));
      numbers(json, "variance", outputs, c -> prediction.variance(0, c));
      if (prediction.likelihood().hasProbabilities()) {
        numbers(json, "probabilities", outputs, c -> prediction.probability(0, c));
        json.writeNumberField("entropy", prediction.entropy(0));
        json.writeNumberField("mutualInformation", prediction.mutualInformation(0));
      }
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }

  private interface Values {
    float at(int output);
  }

  private static void numbers(JsonGenerator json, String name, int count, Values values)
      throws IOException {
    double[] row = new double[count];
    Arrays.setAll(row, values::at);
    json.writeFieldName(name);
    json.writeArray(row, 0, count);
  }

  /** The body of an error. */
  static byte[] error(String reason) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("error", reason);
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }
}
