package dev.viking.checkpoint;

import dev.viking.nn.Activation;
import dev.viking.nn.AvgPool2d;
import dev.viking.nn.BatchNorm2d;
import dev.viking.nn.Bias;
import dev.viking.nn.ChannelStatistics;
import dev.viking.nn.Conv2d;
import dev.viking.nn.Dropout;
import dev.viking.nn.Embedding;
import dev.viking.nn.Flatten;
import dev.viking.nn.GlobalAvgPool2d;
import dev.viking.nn.GroupNorm;
import dev.viking.nn.Layer;
import dev.viking.nn.LayerNorm;
import dev.viking.nn.Linear;
import dev.viking.nn.MaxPool2d;
import dev.viking.nn.MeanOverPositions;
import dev.viking.nn.Residual;
import dev.viking.nn.RmsNorm;
import dev.viking.nn.Unflatten;
import dev.viking.nn.Upsample2d;
import dev.viking.nn.Window;
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
                      .put("outputs", layer.outputs())
                      .put("bias", layer.bias()),
              fields ->
                  new Linear(
                      fields.text("name"),
                      fields.number("inputs"),
                      fields.number("outputs"),
                      fields.truth("bias"))),
          new Format<>(
              "conv2d",
              Conv2d.class,
              LayerFormats::writeConvolution,
              LayerFormats::readConvolution),
          new Format<>(
              "batch_norm2d",
              BatchNorm2d.class,
              LayerFormats::writeBatchNorm,
              LayerFormats::readBatchNorm),
          new Format<>(
              "layer_norm",
              LayerNorm.class,
              (layer, fields) ->
                  fields
                      .put("name", layer.name())
                      .put("features", layer.features())
                      .put("epsilon", layer.epsilon()),
              fields ->
                  new LayerNorm(
                      fields.text("name"), fields.number("features"), fields.real("epsilon"))),
          new Format<>(
              "group_norm",
              GroupNorm.class,
              (layer, fields) ->
                  fields
                      .put("name", layer.name())
                      .put("groups", layer.groups())
                      .put("channels", layer.channels())
                      .put("epsilon", layer.epsilon()),
              fields ->
                  new GroupNorm(
                      fields.text("name"),
                      fields.number("groups"),
                      fields.number("channels"),
                      fields.real("epsilon"))),
          new Format<>(
              "rms_norm",
              RmsNorm.class,
              (layer, fields) ->
                  fields
                      .put("name", layer.name())
                      .put("features", layer.features())
                      .put("epsilon", layer.epsilon()),
              fields ->
                  new RmsNorm(
                      fields.text("name"), fields.number("features"), fields.real("epsilon"))),
          new Format<>(
              "embedding",
              Embedding.class,
              (layer, fields) ->
                  fields
                      .put("name", layer.name())
                      .put("tokens", layer.tokens())
                      .put("features", layer.features()),
              fields ->
                  new Embedding(
                      fields.text("name"), fields.number("tokens"), fields.number("features"))),
          new Format<>(
              "bias",
              Bias.class,
              (layer, fields) -> fields.put("name", layer.name()).put("sizes", layer.sizes()),
              fields -> new Bias(fields.text("name"), fields.numbers("sizes", 0))),
          new Format<>(
              "max_pool2d",
              MaxPool2d.class,
              (layer, fields) ->
                  fields
                      .put("kernel", layer.kernel())
                      .put("stride", layer.stride())
                      .put("padding", layer.padding()),
              fields ->
                  new MaxPool2d(
                      fields.number("kernel"), fields.number("stride"), fields.number("padding"))),
          new Format<>(
              "avg_pool2d",
              AvgPool2d.class,
              (layer, fields) ->
                  fields
                      .put("kernel", layer.kernel())
                      .put("stride", layer.stride())
                      .put("padding", layer.padding()),
              fields ->
                  new AvgPool2d(
                      fields.number("kernel"), fields.number("stride"), fields.number("padding"))),
          new Format<>(
              "global_avg_pool2d",
              GlobalAvgPool2d.class,
              (layer, fields) -> {},
              fields -> new GlobalAvgPool2d()),
          new Format<>(
              "mean_over_positions",
              MeanOverPositions.class,
              (layer, fields) -> {},
              fields -> new MeanOverPositions()),
          new Format<>(
              "upsample2d",
              Upsample2d.class,
              (layer, fields) -> fields.put("factor", layer.factor()),
              fields -> new Upsample2d(fields.number("factor"))),
          new Format<>("flatten", Flatten.class, (layer, fields) -> {}, fields -> new Flatten()),
          new Format<>(
              "unflatten",
              Unflatten.class,
              (layer, fields) -> fields.put("sizes", layer.sizes()),
              fields -> new Unflatten(fields.numbers("sizes", 0))),
          new Format<>(
              "activation",
              Activation.class,
              (layer, fields) -> fields.put("function", lower(layer)),
              fields -> fields.choice("function", Activation.class)),
          new Format<>(
              "dropout",
              Dropout.class,
              LayerFormats::writeDropout,
              fields -> new Dropout(fields.real("rate"))),
          new Format<>(
              "residual",
              Residual.class,
              (layer, fields) ->
                  fields.putLayers("body", layer.body()).putLayers("shortcut", layer.shortcut()),
              fields -> new Residual(fields.layers("body"), fields.layers("shortcut"))));

  private LayerFormats() {}

  private static void writeConvolution(Conv2d layer, LayerFields fields) {
    Window window = layer.window();
    fields
        .put("name", layer.name())
        .put("inputs", layer.inputs())
        .put("outputs", layer.outputs())
        .put("kernel", List.of(window.kernelHeight(), window.kernelWidth()))
        .put("stride", List.of(window.strideHeight(), window.strideWidth()))
        .put("padding", List.of(window.top(), window.bottom(), window.left(), window.right()))
        .put("dilation", List.of(window.dilationHeight(), window.dilationWidth()))
        .put("groups", layer.groups())
        .put("bias", layer.bias());
  }

  private static Conv2d readConvolution(LayerFields fields) {
    List<Long> kernel = fields.numbers("kernel", 2);
    List<Long> stride = fields.numbers("stride", 2);
    List<Long> padding = fields.numbers("padding", 4);
    List<Long> dilation = fields.numbers("dilation", 2);
    Window window =
        new Window(
            kernel.get(0),
            kernel.get(1),
            stride.get(0),
            stride.get(1),
            padding.get(0),
            padding.get(1),
            padding.get(2),
            padding.get(3),
            dilation.get(0),
            dilation.get(1));
    return new Conv2d(
        fields.text("name"),
        fields.number("inputs"),
        fields.number("outputs"),
        window,
        fields.number("groups"),
        fields.truth("bias"));
  }

  private static void writeDropout(Dropout layer, LayerFields fields) {
    if (layer.isTraining()) {
      throw new ModelDescriptionException(
          "ModelDescription: "
              + layer
              + " is in training mode; needed the model that Dropout.training was given");
    }
    fields.put("rate", layer.rate());
  }

  /** The statistics are arrays of the file, under the names that PyTorch gives them. */
  private static void writeBatchNorm(BatchNorm2d layer, LayerFields fields) {
    if (layer.isTraining()) {
      throw new ModelDescriptionException(
          "ModelDescription: BatchNorm2d \""
              + layer.name()
              + "\" is in training mode; needed a model with constant statistics"
              + " (BatchStatistics.estimate)");
    }
    fields
        .put("name", layer.name())
        .put("channels", layer.channels())
        .put("epsilon", layer.epsilon())
        .putConstant(layer.name() + ".running_mean", layer.statistics().mean())
        .putConstant(layer.name() + ".running_var", layer.statistics().variance());
  }

  private static BatchNorm2d readBatchNorm(LayerFields fields) {
    String name = fields.text("name");
    ChannelStatistics statistics =
        new ChannelStatistics(
            fields.constant(name + ".running_mean"), fields.constant(name + ".running_var"));
    long channels = fields.number("channels");
    if (channels != statistics.channels()) {
      throw new ArgumentException(
          "channels is " + channels + ", with statistics of " + statistics.channels());
    }
    return new BatchNorm2d(name, channels, fields.real("epsilon")).withStatistics(statistics);
  }

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
