package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** Expectations for {@link TensorShaping}, worked out by hand on [[0, 1, 2], [3, 4, 5]]. */
final class ShapingCases {
  private ShapingCases() {}

  private static Tensor m() {
    return Tensor.of(new double[] {0, 1, 2, 3, 4, 5}, 2, 3);
  }

  private static Tensor of(long[] shape, double... data) {
    return Tensor.of(data, shape);
  }

  private static long[] shape(long... sizes) {
    return sizes;
  }

  static List<OperatorCase> all() {
    OperatorCase.Table t = new OperatorCase.Table();
    shapes(t);
    views(t);
    repeats(t);
    diagonals(t);
    pieces(t);
    return t.cases();
  }

  private static void shapes(OperatorCase.Table t) {
    Table wanted = (sizes) -> () -> of(sizes, 0, 1, 2, 3, 4, 5);
    t.same("reshape(long[])", () -> m().reshape(3, -1), wanted.of(3, 2));
    t.same("view(long[])", () -> m().view(3, 2), wanted.of(3, 2));
    t.same("flatten()", () -> m().flatten(), wanted.of(6));
    t.same("flatten(long,long)", () -> m().reshape(1, 2, 3).flatten(0, 1), wanted.of(2, 3));
    t.same("unflatten(long,long[])", () -> m().unflatten(1, 3, 1), wanted.of(2, 3, 1));
    t.same("squeeze()", () -> m().reshape(1, 2, 1, 3).squeeze(), wanted.of(2, 3));
    t.same("squeeze(long)", () -> m().reshape(1, 2, 1, 3).squeeze(0), wanted.of(2, 1, 3));
    t.same("unsqueeze(long)", () -> m().unsqueeze(-1), wanted.of(2, 3, 1));
    t.same("contiguous()", () -> m().t().contiguous(), () -> of(shape(3, 2), 0, 3, 1, 4, 2, 5));
    t.check(
        "cloneTensor()",
        () -> {
          Tensor original = m();
          Tensor copy = original.cloneTensor();
          original.zero_();
          OperatorCase.assertValues(copy, 0, 1, 2, 3, 4, 5);
        });
    t.check(
        "detach()",
        () -> {
          Tensor original = m();
          Tensor view = original.detach();
          original.add_(1.0);
          OperatorCase.assertValues(view, 1, 2, 3, 4, 5, 6);
        });
  }

  /** A wanted tensor by its shape. */
  @FunctionalInterface
  private interface Table {
    java.util.function.Supplier<Tensor> of(long... sizes);
  }

  private static void views(OperatorCase.Table t) {
    t.same(
        "expand(long[])",
        () -> Tensor.of(7.0, 8.0).expand(2, -1),
        () -> of(shape(2, 2), 7, 8, 7, 8));
    t.same(
        "expandAs(Tensor)",
        () -> Tensor.of(7.0, 8.0, 9.0).expandAs(m()),
        () -> of(shape(2, 3), 7, 8, 9, 7, 8, 9));
    t.same(
        "broadcastTo(long[])",
        () -> Tensor.of(7.0).broadcastTo(2, 2),
        () -> of(shape(2, 2), 7, 7, 7, 7));
    t.same("permute(long[])", () -> m().permute(1, 0), () -> of(shape(3, 2), 0, 3, 1, 4, 2, 5));
    t.same(
        "transpose(long,long)",
        () -> m().unsqueeze(0).transpose(0, 2),
        () -> of(shape(3, 2, 1), 0, 3, 1, 4, 2, 5));
    t.same("t()", () -> m().t(), () -> of(shape(3, 2), 0, 3, 1, 4, 2, 5));
    t.same("mT()", () -> m().unsqueeze(0).mT(), () -> of(shape(1, 3, 2), 0, 3, 1, 4, 2, 5));
    t.same(
        "movedim(long,long)",
        () -> m().unsqueeze(0).movedim(0, 2),
        () -> of(shape(2, 3, 1), 0, 1, 2, 3, 4, 5));
    t.same("flip(long[])", () -> m().flip(0, 1), () -> of(shape(2, 3), 5, 4, 3, 2, 1, 0));
    t.same("roll(long,long)", () -> m().roll(1, 1), () -> of(shape(2, 3), 2, 0, 1, 5, 3, 4));
    t.same(
        "unfoldDim(long,long,long)",
        () -> Tensor.of(1.0, 2.0, 3.0, 4.0).unfoldDim(0, 2, 1),
        () -> of(shape(3, 2), 1, 2, 2, 3, 3, 4));
  }

  private static void repeats(OperatorCase.Table t) {
    t.same(
        "repeat(long[])",
        () -> Tensor.of(1.0, 2.0).repeat(2, 2),
        () -> of(shape(2, 4), 1, 2, 1, 2, 1, 2, 1, 2));
    t.values(
        "repeatInterleave(long,long)",
        () -> Tensor.of(1.0, 2.0).repeatInterleave(2, 0),
        1,
        1,
        2,
        2);
    t.values("tile(long[])", () -> Tensor.of(1.0, 2.0).tile(2), 1, 2, 1, 2);
    t.same(
        "pad(long[],double)",
        () -> m().pad(shape(1, 0, 0, 1), 9),
        () -> of(shape(3, 4), 9, 0, 1, 2, 9, 3, 4, 5, 9, 9, 9, 9));
    t.same(
        "padMode(long[],String)",
        () -> m().padMode(shape(1, 1), "replicate"),
        () -> of(shape(2, 5), 0, 0, 1, 2, 2, 3, 3, 4, 5, 5));
  }

  private static void diagonals(OperatorCase.Table t) {
    t.values("tril()", () -> m().tril(), 0, 0, 0, 3, 4, 0);
    t.values("tril(long)", () -> m().tril(1), 0, 1, 0, 3, 4, 5);
    t.values("triu()", () -> m().triu(), 0, 1, 2, 0, 4, 5);
    t.values("triu(long)", () -> m().triu(1), 0, 1, 2, 0, 0, 5);
    t.values("diagonal()", () -> m().diagonal(), 0, 4);
    t.values("diagonal(long,long,long)", () -> m().diagonal(1, 0, 1), 1, 5);
    t.values("diag()", () -> Tensor.of(2.0, 3.0).diag(), 2, 0, 0, 3);
    t.same(
        "diagEmbed()",
        () -> m().diagEmbed(),
        () -> of(shape(2, 3, 3), 0, 0, 0, 0, 1, 0, 0, 0, 2, 3, 0, 0, 0, 4, 0, 0, 0, 5));
  }

  private static void pieces(OperatorCase.Table t) {
    t.check("split(long,long)", () -> requirePieces(m().split(2, 1), "[0, 1, 3, 4][2, 5]"));
    t.check(
        "splitWithSizes(long[],long)",
        () -> requirePieces(m().splitWithSizes(shape(1, 2), 1), "[0, 3][1, 2, 4, 5]"));
    t.check("chunk(long,long)", () -> requirePieces(m().chunk(2, 0), "[0, 1, 2][3, 4, 5]"));
    t.check("unbind(long)", () -> requirePieces(m().unbind(1), "[0, 3][1, 4][2, 5]"));
  }

  private static void requirePieces(List<Tensor> pieces, String expected) {
    StringBuilder text = new StringBuilder();
    for (Tensor piece : pieces) {
      long[] whole = piece.to(DType.INT64).toLongArray();
      text.append(java.util.Arrays.toString(whole));
    }
    assertThat(text.toString()).isEqualTo(expected);
  }
}
