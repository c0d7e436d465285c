package dev.viking.nn;

import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * The columns of an {@link Embedding}, never formed: a row is zero but for the tokens of its
 * example, where it has the cotangents.
 */
final class EmbeddingBlock extends Block {
  private final Embedding layer;
  private final Tensor tokens;
  private final Tensor cotangents;
  private final long groups;
  private final long start;
  private final long batch;
  private final long positions;

  /**
   * The columns from {@code start} on.
   *
   * @param tokens [B, positions]
   * @param cotangents [B * groups, positions, features], example-major
   */
  EmbeddingBlock(Embedding layer, Tensor tokens, Tensor cotangents, long groups, long start) {
    this.layer = layer;
    this.tokens = tokens;
    this.cotangents = cotangents;
    this.groups = groups;
    this.start = start;
    this.batch = tokens.size(0);
    this.positions = tokens.size(1);
  }

  @Override
  void addProduct(Tensor vectors, Tensor products) {
    long samples = vectors.size(0);
    Tensor picked =
        tables(vectors)
            .indexSelect(1, tokens.flatten())
            .view(samples, batch, positions * layer.features());
    Tensor perExample = grouped().bmm(picked.permute(1, 2, 0));
    products.add_(perExample.flatten(0, 1).t());
  }

  @Override
  void addTransposeProduct(Tensor vectors, Tensor weights, double scale) {
    long samples = vectors.size(0);
    Tensor weighted =
        weights
            .reshape(samples, batch, groups)
            .transpose(0, 1)
            .bmm(grouped())
            .transpose(0, 1)
            .reshape(samples, batch * positions, layer.features());
    tables(vectors).indexAdd_(1, tokens.flatten(), weighted.mul_(scale));
  }

  @Override
  void addGram(Tensor gram) {
    Tensor wide = cotangents.to(DType.FLOAT64);
    Tensor all = wide.flatten(0, 1).t();
    for (long i = 0; i < batch; i++) {
      try (Scope _ = Scope.open()) {
        // Pairs of positions with the same token, one example with all.
        Tensor same =
            tokens
                .select(0, i)
                .view(1, positions, 1, 1, 1)
                .eq(tokens.view(1, 1, batch, 1, positions));
        Tensor products =
            wide.narrow(0, i * groups, groups)
                .flatten(0, 1)
                .mm(all)
                .view(groups, positions, batch, groups, positions)
                .mul_(same);
        gram.narrow(0, i * groups, groups).add_(products.sum(1, 4).flatten(1, 2));
      }
    }
  }

  @Override
  void writeRows(Tensor jacobian) {
    write(layer, tokens, cotangents, jacobian.narrow(1, start, size()));
  }

  @Override
  List<Tensor> held() {
    return List.of(tokens, cotangents);
  }

  @Override
  long start() {
    return start;
  }

  @Override
  long size() {
    return layer.tokens() * layer.features();
  }

  @Override
  String form() {
    return "factored";
  }

  /**
   * Writes rows.
   *
   * @param rows [B * groups, tokens * features], overwritten
   */
  static void write(Embedding layer, Tensor tokens, Tensor cotangents, Tensor rows) {
    long groups = cotangents.size(0) / tokens.size(0);
    Tensor places = tokens.unsqueeze(2).expand(-1, -1, layer.features());
    if (groups > 1) {
      places = places.repeatInterleave(groups, 0);
    }
    Tensor tables = rows.zero_().view(-1, layer.tokens(), layer.features());
    NativeOps.SCATTER_ADD_.call(tables, 1, places, cotangents);
  }

  private Tensor grouped() {
    return cotangents.reshape(batch, groups, positions * layer.features());
  }

  /** The columns of [S, D] as [S, tokens, features]. */
  private Tensor tables(Tensor whole) {
    return whole
        .narrow(1, start, layer.tokens() * layer.features())
        .view(whole.size(0), layer.tokens(), layer.features());
  }
}
