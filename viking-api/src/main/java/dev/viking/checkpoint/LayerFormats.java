package dev.viking.checkpoint;

import dev.viking.nn.Activation;
import dev.viking.nn.AvgPool2d;
import dev.viking.nn.Conv2d;
import dev.viking.nn.Flatten;
import dev.viking.nn.Layer;
import dev.viking.nn.Linear;
import dev.viking.nn.MaxPool2d;
import dev.viking.torch.ArgumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * How each kind of layer is written in a description and read back: one entry for each. A new layer
 * needs an entry in the list here and nothing else; a test fails until it has one.
 */
final class LayerFormats {
  /** The field that says which layer it is. */
  static final String TYPE = "type";

  /**
   * One kind of layer.
   *
   * @param <L> its class
   * @param type its name in descriptions, never changed
   * @param layer its class
   * @param write adds the layer's fields
   * @param read makes the layer of its fields
   */
  record Format<L extends Layer>(
      String type,
      Class<L> layer,
      BiConsumer<L, LayerFields> write,
      Function<LayerFields, L> read) {
    Map<String, Object> write(Layer given, Map<String, double[]> constants) {
      LayerFields fields = new LayerFields(constants).put(TYPE, type);
      write.accept(layer.cast(given), fields);
      return fields.values();
    }
  }

  static final List<Format<?>> ALL =
      List.of(
          new Format<>(
              "linear",
              Linear.class,
              (layer, fields) ->
                  fields
                      .put("name", layer.name())
                      .put("inputs", layer.inputs())
                      .put("outputs", layer.outputs()),
              fields ->
                  new Linear(
                      fields.text("name"), fields.number("inputs"), fields.number("outputs"))),
          new Format<>(
              "conv2d",
              Conv2d.class,
              (layer, fields) ->
                  fields
                      .put("name", layer.name())
                      .put("inputs", layer.inputs())
                      .put("outputs", layer.outputs())
                      .put("kernel", layer.kernel())
                      .put("stride", layer.stride())
                      .put("padding", layer.padding()),
              fields ->
                  new Conv2d(
                      fields.text("name"),
                      fields.number("inputs"),
                      fields.number("outputs"),
                      fields.number("kernel"),
                      fields.number("stride"),
                      fields.number("padding"))),
          new Format<>(
              "max_pool2d",
              MaxPool2d.class,
              (layer, fields) -> fields.put("kernel", layer.kernel()).put("stride", layer.stride()),
              fields -> new MaxPool2d(fields.number("kernel"), fields.number("stride"))),
          new Format<>(
              "avg_pool2d",
              AvgPool2d.class,
              (layer, fields) -> fields.put("kernel", layer.kernel()).put("stride", layer.stride()),
              fields -> new AvgPool2d(fields.number("kernel"), fields.number("stride"))),
          new Format<>("flatten", Flatten.class, (layer, fields) -> {}, fields -> new Flatten()),
          new Format<>(
              "activation",
              Activation.class,
              (layer, fields) -> fields.put("function", lower(layer)),
              fields -> fields.choice("function", Activation.class)));

  private LayerFormats() {}

  /** An enumeration's constant as descriptions spell it. */
  static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** A layer's description; its constants are added to the map. */
  static Map<String, Object> write(Layer layer, Map<String, double[]> constants) {
    for (Format<?> format : ALL) {
      if (format.layer().isInstance(layer)) {
        return format.write(layer, constants);
      }
    }
    throw new ModelDescriptionException(
        "a layer of " + layer.getClass() + " has no description; needed one of " + types());
  }

  /** The layers of a list of descriptions; {@code where} names the list in messages. */
  static List<Layer> read(List<?> descriptions, Map<String, double[]> constants, String where) {
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < descriptions.size(); i++) {
      layers.add(read(descriptions.get(i), constants, where + "[" + i + "]"));
    }
    return layers;
  }

  @SuppressWarnings("unchecked") // the maps of Json have texts as keys
  private static Layer read(Object description, Map<String, double[]> constants, String where) {
    if (!(description instanceof Map<?, ?> map)) {
      throw new ModelDescriptionException(
          where + ": is " + description + "; needed a layer's fields");
    }
    LayerFields fields = new LayerFields((Map<String, Object>) map, constants, where);
    String type = fields.text(TYPE);
    for (Format<?> format : ALL) {
      if (format.type().equals(type)) {
        try {
          Layer layer = format.read().apply(fields);
          fields.requireAllAsked();
          return layer;
        } catch (ArgumentException e) {
          throw new ModelDescriptionException(where + ": " + e.getMessage());
        }
      }
    }
    throw new ModelDescriptionException(
        where
            + ": the layer \""
            + type
            + "\" is not known to this version of the library; needed one of "
            + types());
  }

  private static List<String> types() {
    return ALL.stream().map(Format::type).toList();
  }
}
