package dev.viking.checkpoint;

import dev.viking.nn.Layer;
import dev.viking.nn.ParameterLayout;
import dev.viking.nn.Sequential;
import dev.viking.torch.ArgumentException;
import dev.viking.torch.ShapeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's architecture as a small JSON document, so that a file with parameters says which
 * network they are for.
 *
 * <p>It holds the layers, and beside them where each named parameter lies in the flat vector: that
 * is what other programs need to cut it up, and it tells when a later version of the library places
 * them in another way. Numbers that a layer holds but that are not trained, such as the statistics
 * of batch normalisation, are arrays beside the document. How parameters are initialised is not
 * part of it.
 *
 * @param json one line of JSON
 * @param constants arrays that the layers refer to, by name; never changed
 */
public record ModelDescription(String json, Map<String, double[]> constants) {
  /** The version that this library writes, and the newest that it reads. */
  static final long VERSION = 1;

  /** Under which text a checkpoint holds the document. */
  static final String KEY = "model";

  /** What the names of a checkpoint's arrays with the constants begin with. */
  static final String CONSTANTS = "constants.";

  private static final String FORMAT = "viking_model";

  /** Copies the map. */
  public ModelDescription {
    constants = Map.copyOf(constants);
  }

  /**
   * Describes a model.
   *
   * @param model layers of the library's own kinds
   * @return its description
   */
  public static ModelDescription of(Sequential model) {
    Map<String, double[]> constants = new LinkedHashMap<>();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put(FORMAT, VERSION);
    object.put("type", "sequential");
    object.put("input_shape", list(model.inputShape()));
    object.put(
        "layers",
        model.layers().stream().map(layer -> LayerFormats.write(layer, constants)).toList());
    object.put("parameters", parameters(model.layout()));
    return new ModelDescription(Json.write(object), constants);
  }

  /**
   * Makes the model that this describes.
   *
   * @param where what the description belongs to, for messages
   * @return the model, with the default initialiser
   * @throws ModelDescriptionException when the text is no such description, is of a newer version,
   *     holds a layer that is not known, or describes no possible model
   */
  public Sequential model(String where) {
    Map<String, Object> object;
    try {
      object = Json.read(json);
    } catch (IOException e) {
      throw new ModelDescriptionException(
          where + ": the model's description is not valid JSON: " + e.getMessage());
    }
    if (!(object.get(FORMAT) instanceof Long version) || version < 1) {
      throw new ModelDescriptionException(
          where + ": the model's description has no version; needed a field " + FORMAT);
    }
    if (version > VERSION) {
      throw new ModelDescriptionException(
          where
              + ": the model's description has version "
              + version
              + "; needed at most "
              + VERSION
              + ", or a newer version of the library");
    }
    if (!"sequential".equals(object.get("type"))) {
      throw new ModelDescriptionException(
          where + ": the model is of type " + object.get("type") + "; needed sequential");
    }
    if (!(object.get("layers") instanceof List<?> layers)) {
      throw new ModelDescriptionException(where + ": the model has no list of layers");
    }
    return checked(
        where,
        model(
            where,
            shape(object.get("input_shape"), where),
            LayerFormats.read(layers, constants, where + ": layers")),
        object.get("parameters"));
  }

  private static Sequential model(String where, long[] inputShape, List<Layer> layers) {
    try {
      return Sequential.of(inputShape, layers);
    } catch (ArgumentException | ShapeException | ArithmeticException e) {
      throw new ModelDescriptionException(where + ": the layers make no model: " + e.getMessage());
    }
  }

  private static Sequential checked(String where, Sequential model, @Nullable Object parameters) {
    Map<String, Object> needed = parameters(model.layout());
    if (!needed.equals(parameters)) {
      throw new ModelDescriptionException(
          where
              + ": the parameters lie at "
              + parameters
              + "; needed "
              + needed
              + ", where this version of the library has them");
    }
    return model;
  }

  /** Offset and shape by name. */
  private static Map<String, Object> parameters(ParameterLayout layout) {
    Map<String, Object> parameters = new LinkedHashMap<>();
    for (ParameterLayout.Entry entry : layout.entries()) {
      Map<String, Object> place = new LinkedHashMap<>();
      place.put("offset", entry.offset());
      place.put("shape", list(entry.shape()));
      parameters.put(entry.name(), place);
    }
    return parameters;
  }

  private static List<Object> list(long... sizes) {
    return new ArrayList<>(Arrays.stream(sizes).boxed().toList());
  }

  private static long[] shape(@Nullable Object given, String where) {
    if (given instanceof List<?> sizes
        && sizes.stream().allMatch(size -> size instanceof Long number && number > 0)) {
      return sizes.stream().mapToLong(size -> (Long) size).toArray();
    }
    throw new ModelDescriptionException(
        where + ": input_shape is " + given + "; needed a list of sizes");
  }
}
