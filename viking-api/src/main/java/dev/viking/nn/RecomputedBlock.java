package dev.viking.nn;

import dev.viking.func.Func;
import dev.viking.func.TensorFunction;
import dev.viking.func.Vjp;
import dev.viking.torch.DType;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import dev.viking.torch.WideProducts;
import java.util.List;

/**
 * All columns of a model that the library cannot look into, where its rows exceed the memory limit:
 * nothing is held, products with a few vectors are derivatives in their directions, and products
 * with many and Gram matrices take rows that are formed some at a time. The linearisation must stay
 * open.
 *
 * <p>NOTE [Gram matrices in pieces] Two pieces of rows are there at once, each of half the limit
 * but of one row at least. With k pieces each is formed once to be multiplied with itself, and once
 * more for each piece before it: (k + 1) / 2 times on average. Products of rows with the others by
 * forward mode would not be exact in float64, which the projection wants its Gram matrix to be.
 */
final class RecomputedBlock extends Block {
  // Vectors from which on rows cost less than a pass for each; LeNet, 32 examples, rows in eight
  // pieces: about 90 ms of processor time, against 110 and 80 for products with 16 vectors.
  private static final long MANY = 16;

  private final GenericLinearisation point;
  private final boolean ofLoss;
  private final long rows;
  private final long perExample;
  private final long size;
  private final long most;
  private final long memory;

  /**
   * The loss or the function Jacobian.
   *
   * @param rows how many it has
   * @param limit bytes of rows that may be there at once
   */
  RecomputedBlock(GenericLinearisation point, boolean ofLoss, long rows, long limit) {
    this.point = point;
    this.ofLoss = ofLoss;
    this.rows = rows;
    this.perExample = rows / point.inputs.size(0);
    this.size = point.model.layout().total();
    this.memory = Math.max(1, limit);
    long fit = Math.max(1, limit / 2 / (size * point.parameters.dtype().byteSize()));
    // Several examples at a time, or some rows of one.
    this.most = fit < perExample ? fit : fit - fit % perExample;
  }

  @Override
  void addProduct(Tensor vectors, Tensor products) {
    if (areMany(vectors)) {
      eachPiece(
          (some, first) -> products.narrow(1, first, some.size(0)).addmm_(vectors, some.t(), 1, 1));
      return;
    }
    TensorFunction values = point.values(ofLoss);
    inPieces(
        vectors,
        (some, first) ->
            products
                .narrow(0, first, some.size(0))
                .add_(point.mapped(some, v -> Func.jvp(values, point.parameters, v).tangent())));
  }

  @Override
  void addTransposeProduct(Tensor vectors, Tensor weights, double scale) {
    if (areMany(vectors)) {
      eachPiece(
          (some, first) -> vectors.addmm_(weights.narrow(1, first, some.size(0)), some, 1, scale));
      return;
    }
    try (Vjp passes = Func.vjp(point.values(ofLoss), point.parameters)) {
      inPieces(
          weights,
          (some, first) ->
              vectors
                  .narrow(0, first, some.size(0))
                  .addScaled_(point.mapped(some, passes::pullback), scale));
    }
  }

  @Override
  void addGram(Tensor gram) {
    inPairs((some, first, others, second) -> add(gram, some, first, others, second));
  }

  @Override
  void addGrams(Tensor grams, ColumnGroups groups) {
    inPairs(
        (some, first, others, second) -> {
          long column = 0;
          while (column < size) {
            int group = groups.of(column);
            long width = groups.end(group) - column;
            Tensor own = some.narrow(1, column, width);
            Tensor other = first == second ? own : others.narrow(1, column, width);
            add(grams.select(0, group), own, first, other, second);
            column += width;
          }
        });
  }

  @Override
  boolean takesAnyGroups() {
    return true;
  }

  @Override
  boolean isIndependent() {
    return false;
  }

  @Override
  void writeRows(Tensor jacobian) {
    eachPiece((some, first) -> jacobian.narrow(0, first, some.size(0)).copy_(some));
  }

  @Override
  long start() {
    return 0;
  }

  @Override
  long size() {
    return size;
  }

  @Override
  List<Tensor> held() {
    return List.of();
  }

  @Override
  String form() {
    long pieces = 0;
    for (long first = 0; first < rows; first = end(first)) {
      pieces++;
    }
    return "formed anew for each use" + (pieces > 1 ? ", in " + pieces + " pieces" : "");
  }

  // An example's rows are as many passes through the network.
  private boolean areMany(Tensor vectors) {
    return vectors.size(0) >= Math.max(MANY, perExample);
  }

  /** What is done with some vectors or rows, of which the first has a number. */
  private interface Piece {
    void use(Tensor some, long first);
  }

  private void inPieces(Tensor vectors, Piece piece) {
    long count = vectors.size(0);
    long step = point.pieces(count, point.inputs.size(0), memory);
    step = step == 0 ? count : step;
    for (long first = 0; first < count; first += step) {
      try (Scope _ = Scope.open()) {
        piece.use(vectors.narrow(0, first, Math.min(step, count - first)), first);
      }
    }
  }

  private void eachPiece(Piece piece) {
    for (long first = 0; first < rows; first = end(first)) {
      try (Scope _ = Scope.open()) {
        piece.use(form(first), first);
      }
    }
  }

  /** What is done with two pieces of rows, the second of which is the first or a later one. */
  private interface Pair {
    void use(Tensor some, long first, Tensor others, long second);
  }

  private void inPairs(Pair pair) {
    for (long first = 0; first < rows; first = end(first)) {
      try (Scope _ = Scope.open()) {
        Tensor some = form(first);
        pair.use(some, first, some, first);
        for (long second = end(first); second < rows; second = end(second)) {
          try (Scope _ = Scope.open()) {
            pair.use(some, first, form(second), second);
          }
        }
      }
    }
  }

  private static void add(Tensor gram, Tensor some, long first, Tensor others, long second) {
    long height = some.size(0);
    long width = others.size(0);
    Tensor corner = gram.narrow(0, first, height).narrow(1, second, width);
    if (first == second) {
      WideProducts.add(some, some, corner);
      return;
    }
    Tensor products = Tensor.zeros(new long[] {height, width}, DType.FLOAT64, gram.device());
    WideProducts.add(some, others, products);
    corner.add_(products);
    gram.narrow(0, second, width).narrow(1, first, height).add_(products.t());
  }

  /** One past the last row of the piece that begins with a row. */
  private long end(long first) {
    long last = most < perExample ? first - first % perExample + perExample : rows;
    return Math.min(last, first + most);
  }

  private Tensor form(long first) {
    return point.rows(ofLoss, first, end(first) - first, memory);
  }
}
