package dev.viking.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.DType;
import dev.viking.torch.DTypeException;
import dev.viking.torch.IndexException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers refuse what they cannot do, and say what was given and what is needed. */
@ExtendWith(LiveHandles.class)
class LayerInputTest {
  /** A layer that cannot be made. */
  record Bad(String part, String given, Supplier<Object> maker) {
    @Override
    public String toString() {
      return part + " " + given;
    }
  }

  static Stream<Bad> badOptions() {
    return Stream.of(
        new Bad("inputs", "0", () -> new Conv2d("c", 0, 2, 3)),
        new Bad("outputs", "-1", () -> new Conv2d("c", 1, -1, 3)),
        new Bad("kernel height", "0", () -> Window.of(0, 3)),
        new Bad("kernel width", "0", () -> Window.of(3, 0)),
        new Bad("stride width", "0", () -> Window.of(3).stride(1, 0)),
        new Bad("padding at the left", "-2", () -> Window.of(3).padding(0, 0, -2, 0)),
        new Bad("dilation height", "0", () -> Window.of(3).dilation(0, 1)),
        new Bad("groups", "0", () -> new Conv2d("c", 4, 4, 3).withGroups(0)),
        new Bad("groups", "3", () -> new Conv2d("c", 4, 6, 3).withGroups(3)),
        new Bad("inputs", "0", () -> new Linear("l", 0, 1)),
        new Bad("channels", "0", () -> new BatchNorm2d("b", 0)),
        new Bad("epsilon", "-1.0", () -> new BatchNorm2d("b", 2, -1)),
        new Bad("features", "0", () -> new LayerNorm("n", 0)),
        new Bad("epsilon", "NaN", () -> new LayerNorm("n", 2, Double.NaN)),
        new Bad("features", "0", () -> new RmsNorm("n", 0)),
        new Bad("epsilon", "Infinity", () -> new RmsNorm("n", 2, Double.POSITIVE_INFINITY)),
        new Bad("groups", "3", () -> new GroupNorm("n", 3, 4)),
        new Bad("tokens", "0", () -> new Embedding("e", 0, 4)),
        new Bad("features", "0", () -> new Embedding("e", 4, 0)),
        new Bad("number of sizes", "0", () -> Bias.of("b")),
        new Bad("size", "0", () -> Bias.of("b", 2, 0)),
        new Bad("size", "-1", () -> Unflatten.of(-1, 2)),
        new Bad("rate", "1.0", () -> new Dropout(1)),
        new Bad("rate", "NaN", () -> new Dropout(Double.NaN)),
        new Bad("factor", "0", () -> new Upsample2d(0)),
        new Bad("kernel", "0", () -> new MaxPool2d(0)),
        new Bad("stride", "0", () -> new AvgPool2d(2, 0)),
        new Bad("padding", "2", () -> new MaxPool2d(3, 1, 2)),
        new Bad("padding", "-1", () -> new AvgPool2d(2, 1, -1)));
  }

  @ParameterizedTest
  @MethodSource("badOptions")
  void optionsAreChecked(Bad bad) {
    assertThatThrownBy(() -> bad.maker().get())
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining(bad.part() + " is " + bad.given())
        .hasMessageContaining("needed");
  }

  /** A layer and the shape of an example that it does not take. */
  record Misfit(Layer layer, String needed, long... shape) {
    @Override
    public String toString() {
      return layer.toString();
    }
  }

  static Stream<Misfit> misfits() {
    return Stream.of(
        new Misfit(new Conv2d("c", 2, 3, 3), "[2, height, width]", 3, 8, 8),
        new Misfit(new Conv2d("c", 2, 3, 3), "[2, height, width]", 8),
        new Misfit(new Conv2d("c", 1, 1, Window.of(3).dilation(2)), "at least 5 rows", 1, 4, 9),
        new Misfit(new Conv2d("c", 1, 1, Window.of(4).padding(0, 0, 1, 0)), "3 columns", 1, 4, 2),
        new Misfit(new Linear("l", 4, 2), "[positions, 4]", 3),
        new Misfit(new Linear("l", 4, 2), "[positions, 4]", 4, 3),
        new Misfit(new BatchNorm2d("b", 4), "[4, height, width]", 4),
        new Misfit(new BatchNorm2d("b", 4), "[4, height, width]", 3, 2, 2),
        new Misfit(new LayerNorm("n", 4), "a last size of 4", 4, 5),
        new Misfit(new RmsNorm("n", 4), "a last size of 4", 5),
        new Misfit(new GroupNorm("n", 2, 4), "[4, ...]", 2, 4),
        new Misfit(new Embedding("e", 4, 2), "[positions]", 4, 2),
        new Misfit(Bias.of("b", 2, 1), "[2, 1]", 2),
        new Misfit(Bias.of("b", 2, 1), "[2, 1]", 3, 1),
        new Misfit(Unflatten.of(2, 3), "6 elements", 5),
        new Misfit(new Upsample2d(2), "[channels, height, width]", 4),
        new Misfit(new GlobalAvgPool2d(), "[channels, height, width]", 4),
        new Misfit(new MeanOverPositions(), "[positions, features]", 4),
        new Misfit(new MaxPool2d(4, 1, 1), "at least 2 rows", 1, 1, 3),
        new Misfit(new AvgPool2d(2), "[channels, height, width]", 4));
  }

  @ParameterizedTest
  @MethodSource("misfits")
  void shapesAreChecked(Misfit misfit) {
    assertThatThrownBy(() -> misfit.layer().outputShape(misfit.shape()))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining(Arrays.toString(misfit.shape()))
        .hasMessageContaining(misfit.needed());
  }

  @Test
  void tokensAreIntegersInRange() {
    Sequential model =
        Sequential.of(
            new long[] {3},
            List.of(new Embedding("e", 5, 4), new MeanOverPositions(), new Linear("l", 4, 2)));
    try (Scope _ = Scope.open()) {
      Tensor parameters = Tensor.zeros(DType.FLOAT32, model.layout().total());
      Tensor tokens = Tensor.of(new long[] {0, 1, 4}, 1, 3);
      assertThat(model.apply(parameters, tokens).shape()).containsExactly(1, 2);
      assertThatThrownBy(() -> model.apply(parameters, tokens.to(DType.FLOAT32)))
          .isInstanceOf(DTypeException.class)
          .hasMessageContaining("inputs")
          .hasMessageContaining("INT64");
      assertThatThrownBy(() -> model.apply(parameters, Tensor.of(new long[] {0, 1, 5}, 1, 3)))
          .isInstanceOf(IndexException.class);
    }
  }

  @Test
  void anEmbeddingComesFirst() {
    assertThatThrownBy(
            () ->
                Sequential.of(
                    new long[] {3},
                    List.of(
                        new Linear("a", 3, 3), new Embedding("e", 5, 4), new MeanOverPositions())))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("first layer");
  }

  @Test
  void samePaddingIsFlaxs() {
    // Sizes and paddings as lax.padtype_to_pads gives them.
    assertThat(Window.of(3).stride(2).same(32, 31))
        .isEqualTo(Window.of(3).stride(2).padding(0, 1, 1, 1));
    assertThat(Window.of(4).same(8, 8)).isEqualTo(Window.of(4).padding(1, 2, 1, 2));
    assertThat(Window.of(1).stride(2).same(32, 32)).isEqualTo(Window.of(1).stride(2));
    assertThat(Window.of(3).dilation(2).same(7, 7)).isEqualTo(Window.of(3).dilation(2).padding(2));
    assertThat(
            new Conv2d("c", 1, 1, Window.of(3).stride(2).same(7, 8))
                .outputShape(new long[] {1, 7, 8}))
        .containsExactly(1, 4, 4);
  }
}
