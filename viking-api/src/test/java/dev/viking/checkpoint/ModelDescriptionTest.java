package dev.viking.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import dev.viking.nn.LeNet;
import dev.viking.nn.Linear;
import dev.viking.nn.MaxPool2d;
import dev.viking.nn.MeanOverPositions;
import dev.viking.nn.Mlp;
import dev.viking.nn.Residual;
import dev.viking.nn.RmsNorm;
import dev.viking.nn.Sequential;
import dev.viking.nn.Unflatten;
import dev.viking.nn.Upsample2d;
import dev.viking.nn.Window;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelDescriptionTest {
  /** One layer of each kind, with arguments that are not the defaults. */
  private static final List<Layer> EXAMPLES =
      List.of(
          new Linear("fc", 3, 2, false),
          new Conv2d("conv", 2, 4, new Window(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 2, false),
          new BatchNorm2d("bn", 2, 1e-3)
              .withStatistics(new ChannelStatistics(new double[] {1, 2}, new double[] {0.1, 4})),
          new LayerNorm("ln", 3, 1e-4),
          new GroupNorm("gn", 2, 4, 1e-6),
          new RmsNorm("rms", 5, 1e-7),
          new Embedding("words", 11, 3),
          new Bias("offset", List.of(2L, 3L)),
          new MaxPool2d(3, 2, 1),
          new AvgPool2d(2, 1, 1),
          new GlobalAvgPool2d(),
          new MeanOverPositions(),
          new Upsample2d(3),
          new Dropout(0.25),
          new Flatten(),
          new Unflatten(List.of(3L, 4L)),
          Activation.SILU,
          new Residual(
              List.of(new Linear("a", 3, 3), new Residual(List.of(Activation.RELU), List.of())),
              List.of(new Linear("b", 3, 3))));

  private static Sequential roundTrip(Sequential model) {
    return ModelDescription.of(model).model("test");
  }

  @Test
  void everyLayerHasAnEntryAndAnExample() {
    List<Class<?>> kinds = List.of(Layer.class.getPermittedSubclasses());
    List<Class<?>> written = new ArrayList<>();
    LayerFormats.ALL.forEach(format -> written.add(format.layer()));
    assertThat(written).hasSameElementsAs(kinds);
    assertThat(LayerFormats.ALL).extracting(LayerFormats.Format::type).doesNotHaveDuplicates();
    assertThat(EXAMPLES).extracting(Object::getClass).hasSize(kinds.size());
    assertThat(EXAMPLES).allSatisfy(example -> assertThat(kinds).contains(example.getClass()));
  }

  @Test
  void everyLayerComesBackAsItWas() {
    for (Layer layer : EXAMPLES) {
      Map<String, double[]> constants = new HashMap<>();
      Map<String, Object> fields = LayerFormats.write(layer, constants);
      assertThat(LayerFormats.read(List.of(fields), constants, "test")).containsExactly(layer);
    }
    for (Activation activation : Activation.values()) {
      assertThat(
              LayerFormats.read(
                  List.of(LayerFormats.write(activation, new HashMap<>())), Map.of(), "test"))
          .containsExactly(activation);
    }
  }

  @Test
  void modelsComeBackWithTheirLayout() {
    List<Layer> layers = new ArrayList<>();
    layers.add(new Conv2d("conv", 3, 8, 3, 1, 1));
    layers.add(Activation.RELU);
    layers.add(new AvgPool2d(2));
    layers.add(new Flatten());
    layers.add(new Linear("fc", 8 * 4 * 4, 5));
    for (Sequential model :
        List.of(
            LeNet.paper(),
            Mlp.of(new int[] {2, 16, 16, 1}, Activation.GELU_TANH),
            Sequential.of(new long[] {3, 8, 8}, layers))) {
      Sequential back = roundTrip(model);
      assertThat(back.layers()).isEqualTo(model.layers());
      assertThat(back.inputShape()).isEqualTo(model.inputShape());
      assertThat(back.layout().entries()).isEqualTo(model.layout().entries());
    }
  }

  @Test
  void theTextIsWhatTheDocumentationSays() {
    assertThat(ModelDescription.of(Mlp.of(new int[] {2, 1}, Activation.TANH)).json())
        .isEqualTo(
            "{\"viking_model\":1,\"type\":\"sequential\",\"input_shape\":[2],\"layers\":["
                + "{\"type\":\"linear\",\"name\":\"fc1\",\"inputs\":2,\"outputs\":1,"
                + "\"bias\":true}],"
                + "\"parameters\":{\"fc1.weight\":{\"offset\":0,\"shape\":[1,2]},"
                + "\"fc1.bias\":{\"offset\":2,\"shape\":[1]}}}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "\"viking_model\":1|\"viking_model\":2|has version 2; needed at most 1, or a newer",
        "\"viking_model\":1|\"viking_model\":0|no version",
        "\"viking_model\":1|\"viking\":1|no version",
        "\"sequential\"|\"graph\"|of type graph; needed sequential",
        "\"linear\"|\"attention\"|layers[0]: the layer \"attention\" is not known",
        "\"inputs\":2|\"inputs\":2.5|layers[0]: inputs is 2.5; needed a whole number",
        "\"inputs\":2|\"inputs\":-2|layers[0]: Linear: inputs is -2",
        "\"inputs\":2,|~~|layers[0]: inputs is missing; needed a whole number",
        "\"inputs\":2|\"inputs\":2,\"rank\":1|layers[0]: has a field \"rank\"",
        "\"inputs\":2|\"inputs\":null|not valid JSON",
        "\"inputs\":2|\"inputs\":2,\"inputs\":2|Duplicate field",
        "\"name\":\"fc1\"|\"name\":7|layers[0]: name is 7; needed a text",
        "\"input_shape\":[2]|\"input_shape\":[3]|the layers make no model",
        "\"input_shape\":[2]|\"input_shape\":[-2]|input_shape is [-2]; needed",
        "\"offset\":2|\"offset\":0|the parameters lie at",
        "\"layers\":[|\"layers\":[7,|layers[0]: is 7; needed a layer's fields",
        "\"layers\":[|\"layers\":[]}[|goes on after"
      })
  void whatIsNotUnderstoodIsRefused(String from, String to, String reason) {
    String good = ModelDescription.of(Mlp.of(new int[] {2, 1}, Activation.TANH)).json();
    assertThat(good).contains(from);
    ModelDescription bad = new ModelDescription(good.replace(from, to == null ? "" : to), Map.of());
    assertThatThrownBy(() -> bad.model("file.safetensors"))
        .isInstanceOf(ModelDescriptionException.class)
        .hasMessageStartingWith("file.safetensors: ")
        .hasMessageContaining(reason);
  }

  @Test
  void deepNestingIsRefused() {
    ModelDescription deep = new ModelDescription("{\"a\":" + "[".repeat(100_000), Map.of());
    assertThatThrownBy(() -> deep.model("file"))
        .isInstanceOf(ModelDescriptionException.class)
        .hasMessageContaining("nesting depth");
  }
}
