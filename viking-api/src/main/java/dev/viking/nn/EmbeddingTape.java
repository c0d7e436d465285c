package dev.viking.nn;

import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Derivatives of {@link Embedding}: rows of the table are picked, and sums are put back. */
final class EmbeddingTape extends Tape {
  private final Embedding layer;
  private final Tensor weight;
  private @Nullable Tensor tokens;

  EmbeddingTape(Embedding layer, List<Tensor> parameters) {
    this.layer = layer;
    this.weight = parameters.get(0);
  }

  @Override
  List<@Nullable Tensor> saved() {
    return Arrays.asList(weight, tokens);
  }

  @Override
  Tensor forward(Tensor inputs) {
    tokens = inputs;
    return weight.embedding(inputs);
  }

  @Override
  Tensor backward(Tensor cotangent, long groups) {
    throw new IllegalStateException("tokens have no cotangent");
  }

  @Override
  void gradient(Tensor cotangent, List<Tensor> slots) {
    Tensor table = slots.get(0).zero_().view(layer.tokens(), layer.features());
    table.indexAdd_(0, savedTokens().flatten(), cotangent.reshape(-1, layer.features()));
  }

  @Override
  void rows(Tensor cotangent, long groups, List<Tensor> rows) {
    EmbeddingBlock.write(layer, savedTokens(), cotangent, rows.get(0));
  }

  @Override
  @Nullable Block factored(Tensor cotangent, long groups, long start) {
    // Tokens and cotangents against rows.
    return savedTokens().size(1) < layer.tokens()
        ? new EmbeddingBlock(layer, savedTokens().detach(), cotangent.detach(), groups, start)
        : null;
  }

  @Override
  Tensor tangent(@Nullable Tensor tangent, Directions.Part directions) {
    Tensor seen = savedTokens();
    if (directions.isShared()) {
      return directions.perExample(0).view(layer.tokens(), layer.features()).embedding(seen);
    }
    long count = directions.count();
    Tensor picked =
        directions
            .vectors(0)
            .view(count, layer.tokens(), layer.features())
            .indexSelect(1, seen.flatten())
            .view(count, seen.size(0), seen.size(1) * layer.features())
            .transpose(0, 1);
    return directions
        .weights()
        .t()
        .unsqueeze(1)
        .bmm(picked)
        .view(seen.size(0), seen.size(1), layer.features());
  }

  @Override
  @Nullable Tensor backwardTangent(
      Tensor cotangent, @Nullable Tensor tangent, Directions.Part directions) {
    return null;
  }

  @Override
  void gradientTangent(Tensor cotangent, @Nullable Tensor tangent, List<Tensor> slots) {
    if (tangent == null) {
      slots.get(0).zero_();
    } else {
      gradient(tangent, slots);
    }
  }

  private Tensor savedTokens() {
    return Objects.requireNonNull(tokens, "forward has not run");
  }
}
