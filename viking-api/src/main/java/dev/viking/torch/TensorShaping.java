package dev.viking.torch;

import java.util.List;

/**
 * Operators that arrange elements anew. Those said to return a view share storage with this tensor.
 */
abstract sealed class TensorShaping extends TensorReductions permits TensorIndexing {
  private static final Op RESHAPE = Op.of("aten::reshape", "");
  private static final Op VIEW = Op.of("aten::view", "");
  private static final Op FLATTEN_USING_INTS = Op.of("aten::flatten", "using_ints");
  private static final Op UNFLATTEN_INT = Op.of("aten::unflatten", "int");
  private static final Op SQUEEZE = Op.of("aten::squeeze", "");
  private static final Op SQUEEZE_DIM = Op.of("aten::squeeze", "dim");
  private static final Op UNSQUEEZE = Op.of("aten::unsqueeze", "");
  private static final Op EXPAND = Op.of("aten::expand", "");
  private static final Op EXPAND_AS = Op.of("aten::expand_as", "");
  private static final Op BROADCAST_TO = Op.of("aten::broadcast_to", "");
  private static final Op PERMUTE = Op.of("aten::permute", "");
  private static final Op TRANSPOSE_INT = Op.of("aten::transpose", "int");
  private static final Op T = Op.of("aten::t", "");
  private static final Op MT = Op.of("aten::mT", "");
  private static final Op MOVEDIM_INT = Op.of("aten::movedim", "int");
  private static final Op FLIP = Op.of("aten::flip", "");
  private static final Op ROLL = Op.of("aten::roll", "");
  private static final Op REPEAT = Op.of("aten::repeat", "");
  private static final Op REPEAT_INTERLEAVE_SELF_INT = Op.of("aten::repeat_interleave", "self_int");
  private static final Op TILE = Op.of("aten::tile", "");
  private static final Op TRIL = Op.of("aten::tril", "");
  private static final Op TRIU = Op.of("aten::triu", "");
  private static final Op DIAGONAL = Op.of("aten::diagonal", "");
  private static final Op DIAG = Op.of("aten::diag", "");
  private static final Op DIAG_EMBED = Op.of("aten::diag_embed", "");
  private static final Op SPLIT_TENSOR = Op.of("aten::split", "Tensor");
  private static final Op SPLIT_WITH_SIZES = Op.of("aten::split_with_sizes", "");
  private static final Op CHUNK = Op.of("aten::chunk", "");
  private static final Op UNBIND_INT = Op.of("aten::unbind", "int");
  private static final Op UNFOLD = Op.of("aten::unfold", "");
  private static final Op CONTIGUOUS = Op.of("aten::contiguous", "");
  private static final Op CLONE = Op.of("aten::clone", "");
  private static final Op DETACH = Op.of("aten::detach", "");
  private static final Op CONSTANT_PAD_ND = Op.of("aten::constant_pad_nd", "");
  private static final Op PAD = Op.of("aten::pad", "");

  TensorShaping(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorShaping(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * The same elements in another shape; a view where possible. One size may be -1.
   *
   * @param shape the sizes
   * @return a new tensor
   */
  public final Tensor reshape(long... shape) {
    return Invoker.of(RESHAPE).tensor(this).ints(shape).one();
  }

  /**
   * A view of the same elements in another shape. One size may be -1.
   *
   * @param shape the sizes
   * @return a view
   */
  public final Tensor view(long... shape) {
    return Invoker.of(VIEW).tensor(this).ints(shape).one();
  }

  /**
   * The same elements in one dimension.
   *
   * @return a new tensor
   */
  public final Tensor flatten() {
    return Invoker.of(FLATTEN_USING_INTS).tensor(this).one();
  }

  /**
   * Merges neighbouring dimensions.
   *
   * @param startDim the first dimension to merge
   * @param endDim the last dimension to merge
   * @return a new tensor
   */
  public final Tensor flatten(long startDim, long endDim) {
    return Invoker.of(FLATTEN_USING_INTS).tensor(this).integer(startDim).integer(endDim).one();
  }

  /**
   * A view with one dimension split into several.
   *
   * @param dim the dimension; negative counts from the end
   * @param sizes sizes whose product is the size of the dimension
   * @return a view
   */
  public final Tensor unflatten(long dim, long... sizes) {
    return Invoker.of(UNFLATTEN_INT).tensor(this).integer(dim).ints(sizes).one();
  }

  /**
   * A view without the dimensions of size 1.
   *
   * @return a view
   */
  public final Tensor squeeze() {
    return Invoker.of(SQUEEZE).tensor(this).one();
  }

  /**
   * A view without this dimension, if its size is 1.
   *
   * @param dim the dimension; negative counts from the end
   * @return a view
   */
  public final Tensor squeeze(long dim) {
    return Invoker.of(SQUEEZE_DIM).tensor(this).integer(dim).one();
  }

  /**
   * A view with a new dimension of size 1.
   *
   * @param dim the dimension; negative counts from the end
   * @return a view
   */
  public final Tensor unsqueeze(long dim) {
    return Invoker.of(UNSQUEEZE).tensor(this).integer(dim).one();
  }

  /**
   * A view with dimensions of size 1 repeated; -1 keeps a size.
   *
   * @param shape the sizes
   * @return a view
   */
  public final Tensor expand(long... shape) {
    return Invoker.of(EXPAND).tensor(this).ints(shape).one();
  }

  /**
   * A view with dimensions of size 1 repeated to the shape of another tensor.
   *
   * @param other the other operand
   * @return a view
   */
  public final Tensor expandAs(Tensor other) {
    return Invoker.of(EXPAND_AS).tensor(this).tensor(other).one();
  }

  /**
   * A view with dimensions of size 1 repeated.
   *
   * @param shape the sizes
   * @return a view
   */
  public final Tensor broadcastTo(long... shape) {
    return Invoker.of(BROADCAST_TO).tensor(this).ints(shape).one();
  }

  /**
   * A view with the dimensions in another order.
   *
   * @param dims the dimensions; negative ones count from the end
   * @return a view
   */
  public final Tensor permute(long... dims) {
    return Invoker.of(PERMUTE).tensor(this).ints(dims).one();
  }

  /**
   * A view with two dimensions swapped.
   *
   * @param dim0 one dimension
   * @param dim1 the other dimension
   * @return a view
   */
  public final Tensor transpose(long dim0, long dim1) {
    return Invoker.of(TRANSPOSE_INT).tensor(this).integer(dim0).integer(dim1).one();
  }

  /**
   * The transposed matrix, a view.
   *
   * @return a new tensor
   */
  public final Tensor t() {
    return Invoker.of(T).tensor(this).one();
  }

  /**
   * The transposed matrices of a batch, a view.
   *
   * @return a new tensor
   */
  public final Tensor mT() {
    return Invoker.of(MT).tensor(this).one();
  }

  /**
   * A view with one dimension moved.
   *
   * @param source where it is
   * @param destination where it goes
   * @return a view
   */
  public final Tensor movedim(long source, long destination) {
    return Invoker.of(MOVEDIM_INT).tensor(this).integer(source).integer(destination).one();
  }

  /**
   * Reverses the order along some dimensions.
   *
   * @param dims the dimensions; negative ones count from the end
   * @return a new tensor
   */
  public final Tensor flip(long... dims) {
    return Invoker.of(FLIP).tensor(this).ints(dims).one();
  }

  /**
   * Moves elements along one dimension, round the end.
   *
   * @param shift how far
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor roll(long shift, long dim) {
    return Invoker.of(ROLL).tensor(this).ints(shift).ints(dim).one();
  }

  /**
   * Repeats the tensor along each dimension.
   *
   * @param repeats how often
   * @return a new tensor
   */
  public final Tensor repeat(long... repeats) {
    return Invoker.of(REPEAT).tensor(this).ints(repeats).one();
  }

  /**
   * Repeats each element along one dimension.
   *
   * @param repeats how often
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor repeatInterleave(long repeats, long dim) {
    return Invoker.of(REPEAT_INTERLEAVE_SELF_INT).tensor(this).integer(repeats).integer(dim).one();
  }

  /**
   * Repeats the tensor along the last dimensions.
   *
   * @param repeats how often
   * @return a new tensor
   */
  public final Tensor tile(long... repeats) {
    return Invoker.of(TILE).tensor(this).ints(repeats).one();
  }

  /**
   * The lower triangle of matrices, zeros elsewhere.
   *
   * @param diagonal 0 for the main diagonal, positive above it, negative below
   * @return a new tensor
   */
  public final Tensor tril(long diagonal) {
    return Invoker.of(TRIL).tensor(this).integer(diagonal).one();
  }

  /**
   * The lower triangle of matrices with the main diagonal, zeros elsewhere.
   *
   * @return a new tensor
   */
  public final Tensor tril() {
    return Invoker.of(TRIL).tensor(this).one();
  }

  /**
   * The upper triangle of matrices, zeros elsewhere.
   *
   * @param diagonal 0 for the main diagonal, positive above it, negative below
   * @return a new tensor
   */
  public final Tensor triu(long diagonal) {
    return Invoker.of(TRIU).tensor(this).integer(diagonal).one();
  }

  /**
   * The upper triangle of matrices with the main diagonal, zeros elsewhere.
   *
   * @return a new tensor
   */
  public final Tensor triu() {
    return Invoker.of(TRIU).tensor(this).one();
  }

  /**
   * A view of the main diagonal of the first two dimensions.
   *
   * @return a view
   */
  public final Tensor diagonal() {
    return Invoker.of(DIAGONAL).tensor(this).one();
  }

  /**
   * A view of a diagonal of two dimensions, which becomes the last one.
   *
   * @param offset 0 for the main diagonal, positive above it, negative below
   * @param dim1 the first dimension
   * @param dim2 the second dimension
   * @return a view
   */
  public final Tensor diagonal(long offset, long dim1, long dim2) {
    return Invoker.of(DIAGONAL).tensor(this).integer(offset).integer(dim1).integer(dim2).one();
  }

  /**
   * The diagonal of a matrix, or the diagonal matrix of a vector.
   *
   * @return a new tensor
   */
  public final Tensor diag() {
    return Invoker.of(DIAG).tensor(this).one();
  }

  /**
   * Matrices with the last dimension on their diagonals.
   *
   * @return a new tensor
   */
  public final Tensor diagEmbed() {
    return Invoker.of(DIAG_EMBED).tensor(this).one();
  }

  /**
   * Views of consecutive pieces of one size; the last may be shorter.
   *
   * @param splitSize the size of the pieces
   * @param dim the dimension; negative counts from the end
   * @return the pieces, in order
   */
  public final List<Tensor> split(long splitSize, long dim) {
    return Invoker.of(SPLIT_TENSOR).tensor(this).integer(splitSize).integer(dim).list();
  }

  /**
   * Views of consecutive pieces of given sizes.
   *
   * @param splitSizes the sizes of the pieces
   * @param dim the dimension; negative counts from the end
   * @return the pieces, in order
   */
  public final List<Tensor> splitWithSizes(long[] splitSizes, long dim) {
    return Invoker.of(SPLIT_WITH_SIZES).tensor(this).ints(splitSizes).integer(dim).list();
  }

  /**
   * Views of at most this many consecutive pieces.
   *
   * @param chunks how many
   * @param dim the dimension; negative counts from the end
   * @return the pieces, in order
   */
  public final List<Tensor> chunk(long chunks, long dim) {
    return Invoker.of(CHUNK).tensor(this).integer(chunks).integer(dim).list();
  }

  /**
   * Views of all slices along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return the pieces, in order
   */
  public final List<Tensor> unbind(long dim) {
    return Invoker.of(UNBIND_INT).tensor(this).integer(dim).list();
  }

  /**
   * A view of sliding windows along one dimension; the windows are a new last dimension.
   *
   * @param dimension the dimension
   * @param size the size of a window
   * @param step the distance between windows
   * @return a view
   */
  public final Tensor unfoldDim(long dimension, long size, long step) {
    return Invoker.of(UNFOLD).tensor(this).integer(dimension).integer(size).integer(step).one();
  }

  /**
   * The same elements row-major without gaps; another handle to this tensor when they lie so
   * already.
   *
   * @return a new tensor
   */
  public final Tensor contiguous() {
    return Invoker.of(CONTIGUOUS).tensor(this).one();
  }

  /**
   * A copy of the elements, differentiable.
   *
   * @return a new tensor
   */
  public final Tensor cloneTensor() {
    return Invoker.of(CLONE).tensor(this).one();
  }

  /**
   * A view that no derivative passes through.
   *
   * @return a view
   */
  public final Tensor detach() {
    return Invoker.of(DETACH).tensor(this).one();
  }

  /**
   * Adds elements of one value around the last dimensions: {@code {left, right, top, bottom, ...}}.
   *
   * @param pad how many elements to add: before and after for the last dimension, then the one
   *     before it
   * @param value the value
   * @return a new tensor
   */
  public final Tensor pad(long[] pad, double value) {
    return Invoker.of(CONSTANT_PAD_ND).tensor(this).ints(pad).number(value).one();
  }

  /**
   * Adds elements around the last dimensions by {@code "reflect"}, {@code "replicate"} or {@code
   * "circular"}.
   *
   * @param pad how many elements to add: before and after for the last dimension, then the one
   *     before it
   * @param mode how to choose the elements
   * @return a new tensor
   */
  public final Tensor padMode(long[] pad, String mode) {
    return Invoker.of(PAD).tensor(this).ints(pad).text(mode).one();
  }
}
