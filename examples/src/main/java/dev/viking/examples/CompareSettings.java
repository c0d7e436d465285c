package dev.viking.examples;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.viking.baseline.Method;
import dev.viking.data.LabelledImages;
import dev.viking.nn.Sequential;
import dev.viking.torch.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * What all cells of a comparison have in common.
 *
 * @param model the network
 * @param sets the images
 * @param fingerprint of the images to train on and to validate with
 * @param split which images are predicted
 * @param samples posterior samples
 * @param device where to compute
 * @param outside folders of other images by name, for out-of-distribution scores
 * @param rotations angles in degrees by which the images are turned for a shift curve
 */
record CompareSettings(
    ModelChoice model,
    ImageSets sets,
    String fingerprint,
    Split split,
    int samples,
    Device device,
    Map<String, Path> outside,
    List<Double> rotations) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Which images are predicted. */
  enum Split {
    /** The test images, for what is reported. */
    TEST,
    /** The validation images, for choosing among settings: the test images are never read. */
    VALIDATION
  }

  /** The network. */
  Sequential network() {
    return model.model(sets);
  }

  /** All that decides a fit. */
  ObjectNode fit(Method method, long seed) {
    ObjectNode node = JSON.createObjectNode();
    node.put("model", model.toString());
    node.put("method", method.name());
    ObjectNode hyperparameters = node.putObject("hyperparameters");
    method.hyperparameters().forEach(hyperparameters::put);
    node.put("seed", seed);
    node.put("device", device.toString());
    ObjectNode data =
        node.putObject("data")
            .put("name", sets.name())
            .put("train", sets.train().count())
            .put("validation", sets.validation().count())
            .put("fingerprint", fingerprint);
    if (sets.augment() != AugmentChoice.NONE) {
      data.put("augment", sets.augment().toString());
    }
    return node;
  }

  /** All that decides a cell: a fit and its evaluation. */
  ObjectNode cell(Method method, long seed) {
    ObjectNode node = fit(method, seed);
    node.put("split", Choices.key(split));
    node.put("samples", samples);
    ObjectNode others = node.putObject("ood");
    outside.forEach((name, folder) -> others.put(name, folder.toString()));
    ArrayNode angles = node.putArray("rotations");
    rotations.forEach(angles::add);
    // Through text, so that numbers have the same node types as in a stored file.
    return (ObjectNode) parse("options", node.toString());
  }

  /** JSON of a text. */
  static JsonNode parse(String where, String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new UsageException(where + ": no JSON: " + e.getOriginalMessage());
    }
  }

  /** A checksum of images and labels, so that stored results are known to be of the same. */
  static String fingerprint(LabelledImages... sets) {
    CRC32C sum = new CRC32C();
    for (LabelledImages images : sets) {
      byte[] row = new byte[images.width()];
      for (int i = 0; i < images.count(); i++) {
        sum.update(images.label(i));
        for (int channel = 0; channel < images.channels(); channel++) {
          for (int y = 0; y < images.height(); y++) {
            for (int x = 0; x < row.length; x++) {
              row[x] = (byte) images.pixel(i, channel, y, x);
            }
            sum.update(row);
          }
        }
      }
    }
    return "%08x".formatted(sum.getValue());
  }
}
