package dev.viking.torch;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Operators that pick, place, and order elements. */
abstract sealed class TensorIndexing extends TensorShaping permits TensorMatrix {
  private static final Op SELECT_INT = Op.of("aten::select", "int");
  private static final Op NARROW = Op.of("aten::narrow", "");
  private static final Op SLICE_TENSOR = Op.of("aten::slice", "Tensor");
  private static final Op INDEX_TENSOR = Op.of("aten::index", "Tensor");
  private static final Op INDEX_SELECT = Op.of("aten::index_select", "");
  private static final Op GATHER = Op.of("aten::gather", "");
  private static final Op TAKE_ALONG_DIM = Op.of("aten::take_along_dim", "");
  private static final Op SCATTER_SRC = Op.of("aten::scatter", "src");
  private static final Op SCATTER_ADD = Op.of("aten::scatter_add", "");
  private static final Op INDEX_ADD = Op.of("aten::index_add", "");
  private static final Op INDEX_COPY = Op.of("aten::index_copy", "");
  private static final Op INDEX_PUT = Op.of("aten::index_put", "");
  private static final Op SLICE_SCATTER = Op.of("aten::slice_scatter", "");
  private static final Op MASKED_FILL_SCALAR = Op.of("aten::masked_fill", "Scalar");
  private static final Op MASKED_SELECT = Op.of("aten::masked_select", "");
  private static final Op SORT = Op.of("aten::sort", "");
  private static final Op ARGSORT = Op.of("aten::argsort", "");
  private static final Op TOPK = Op.of("aten::topk", "");
  private static final Op NONZERO = Op.of("aten::nonzero", "");
  private static final Op BINCOUNT = Op.of("aten::bincount", "");
  private static final Op SEARCHSORTED_TENSOR = Op.of("aten::searchsorted", "Tensor");
  private static final Op ONE_HOT = Op.of("aten::one_hot", "");
  private static final Op MULTINOMIAL = Op.of("aten::multinomial", "");
  private static final Op BERNOULLI = Op.of("aten::bernoulli", "");

  TensorIndexing(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorIndexing(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * A view of one slice; the dimension is removed.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @return a view
   */
  public final Tensor select(long dim, long index) {
    return Invoker.of(SELECT_INT).tensor(this).integer(dim).integer(index).one();
  }

  /**
   * A view of some consecutive slices.
   *
   * @param dim the dimension; negative counts from the end
   * @param start the first position
   * @param length how many
   * @return a view
   */
  public final Tensor narrow(long dim, long start, long length) {
    return Invoker.of(NARROW).tensor(this).integer(dim).integer(start).integer(length).one();
  }

  /**
   * A view of every {@code step}-th slice from {@code start} to before {@code end}; bounds beyond
   * the size are cut.
   *
   * @param dim the dimension; negative counts from the end
   * @param start the first position; negative counts from the end
   * @param end the position after the last; negative counts from the end
   * @param step the distance between positions, at least 1
   * @return a view
   */
  public final Tensor slice(long dim, long start, long end, long step) {
    return Invoker.of(SLICE_TENSOR)
        .tensor(this)
        .integer(dim)
        .integer(start)
        .integer(end)
        .integer(step)
        .one();
  }

  /**
   * A view of the slices from {@code start} to before {@code end}; bounds beyond the size are cut.
   *
   * @param dim the dimension; negative counts from the end
   * @param start the first position; negative counts from the end
   * @param end the position after the last; negative counts from the end
   * @return a view
   */
  public final Tensor slice(long dim, long start, long end) {
    return Invoker.of(SLICE_TENSOR).tensor(this).integer(dim).integer(start).integer(end).one();
  }

  /**
   * Elements at positions given by int64 or bool tensors, one for each dimension; null takes a
   * whole dimension.
   *
   * @param indices positions or masks, one for each dimension
   * @return a new tensor
   */
  public final Tensor index(@Nullable Tensor... indices) {
    return Invoker.of(INDEX_TENSOR).tensor(this).tensors(Arrays.asList(indices)).one();
  }

  /**
   * Slices at the given positions.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @return a new tensor
   */
  public final Tensor indexSelect(long dim, Tensor index) {
    return Invoker.of(INDEX_SELECT).tensor(this).integer(dim).tensor(index).one();
  }

  /**
   * Along one dimension, the element at each given position.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @return a new tensor
   */
  public final Tensor gather(long dim, Tensor index) {
    return Invoker.of(GATHER).tensor(this).integer(dim).tensor(index).one();
  }

  /**
   * As {@link #gather}, with broadcasting.
   *
   * @param indices positions (int64)
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor takeAlongDim(Tensor indices, long dim) {
    return Invoker.of(TAKE_ALONG_DIM).tensor(this).tensor(indices).integer(dim).one();
  }

  /**
   * A copy with elements put at positions along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @param src the elements to take
   * @return a new tensor
   */
  public final Tensor scatter(long dim, Tensor index, Tensor src) {
    return Invoker.of(SCATTER_SRC).tensor(this).integer(dim).tensor(index).tensor(src).one();
  }

  /**
   * A copy with elements added at positions along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @param src the elements to take
   * @return a new tensor
   */
  public final Tensor scatterAdd(long dim, Tensor index, Tensor src) {
    return Invoker.of(SCATTER_ADD).tensor(this).integer(dim).tensor(index).tensor(src).one();
  }

  /**
   * A copy with slices added at positions.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @param source where it is, or the slices to take
   * @return a new tensor
   */
  public final Tensor indexAdd(long dim, Tensor index, Tensor source) {
    return Invoker.of(INDEX_ADD).tensor(this).integer(dim).tensor(index).tensor(source).one();
  }

  /**
   * A copy with slices put at positions.
   *
   * @param dim the dimension; negative counts from the end
   * @param index the position or positions (int64)
   * @param source where it is, or the slices to take
   * @return a new tensor
   */
  public final Tensor indexCopy(long dim, Tensor index, Tensor source) {
    return Invoker.of(INDEX_COPY).tensor(this).integer(dim).tensor(index).tensor(source).one();
  }

  /**
   * A copy with values put, or added, at positions as for {@link #index}.
   *
   * @param indices positions or masks, one for each dimension
   * @param values the values
   * @param accumulate whether to add instead of replacing
   * @return a new tensor
   */
  public final Tensor indexPut(List<@Nullable Tensor> indices, Tensor values, boolean accumulate) {
    return Invoker.of(INDEX_PUT)
        .tensor(this)
        .tensors(indices)
        .tensor(values)
        .flag(accumulate)
        .one();
  }

  /**
   * A copy with the slices that {@link #slice(long, long, long, long)} would view replaced.
   *
   * @param src the elements to take
   * @param dim the dimension; negative counts from the end
   * @param start the first position; negative counts from the end
   * @param end the position after the last; negative counts from the end
   * @param step the distance between positions, at least 1
   * @return a new tensor
   */
  public final Tensor sliceScatter(Tensor src, long dim, long start, long end, long step) {
    return Invoker.of(SLICE_SCATTER)
        .tensor(this)
        .tensor(src)
        .integer(dim)
        .integer(start)
        .integer(end)
        .integer(step)
        .one();
  }

  /**
   * A copy with one value where the mask is true.
   *
   * @param mask truth values, broadcast to this tensor
   * @param value the value
   * @return a new tensor
   */
  public final Tensor maskedFill(Tensor mask, double value) {
    return Invoker.of(MASKED_FILL_SCALAR).tensor(this).tensor(mask).number(value).one();
  }

  /**
   * The elements where the mask is true, in one dimension.
   *
   * @param mask truth values, broadcast to this tensor
   * @return a new tensor
   */
  public final Tensor maskedSelect(Tensor mask) {
    return Invoker.of(MASKED_SELECT).tensor(this).tensor(mask).one();
  }

  /**
   * Elements in order along one dimension, and where they were.
   *
   * @param dim the dimension; negative counts from the end
   * @param descending largest first
   * @return new tensors
   */
  public final Tensor.SortResult sort(long dim, boolean descending) {
    Tensor[] results = Invoker.of(SORT).tensor(this).integer(dim).flag(descending).some(2);
    return new Tensor.SortResult(results[0], results[1]);
  }

  /**
   * Positions that would put one dimension in order.
   *
   * @param dim the dimension; negative counts from the end
   * @param descending largest first
   * @return a new tensor
   */
  public final Tensor argsort(long dim, boolean descending) {
    return Invoker.of(ARGSORT).tensor(this).integer(dim).flag(descending).one();
  }

  /**
   * The largest or smallest elements along one dimension, in order, and where they are.
   *
   * @param k how many
   * @param dim the dimension; negative counts from the end
   * @param largest the largest, otherwise the smallest
   * @return new tensors
   */
  public final Tensor.TopkResult topk(long k, long dim, boolean largest) {
    Tensor[] results = Invoker.of(TOPK).tensor(this).integer(k).integer(dim).flag(largest).some(2);
    return new Tensor.TopkResult(results[0], results[1]);
  }

  /**
   * Positions of the non-zero elements, one row each (int64).
   *
   * @return a new tensor
   */
  public final Tensor nonzero() {
    return Invoker.of(NONZERO).tensor(this).one();
  }

  /**
   * How often each non-negative integer occurs.
   *
   * @param minlength the least length of the result
   * @return a new tensor
   */
  public final Tensor bincount(long minlength) {
    return Invoker.of(BINCOUNT).tensor(this).none().integer(minlength).one();
  }

  /**
   * Where values would go in this sorted tensor.
   *
   * @param values the values to find
   * @param right after equal elements instead of before
   * @return a new tensor
   */
  public final Tensor searchsorted(Tensor values, boolean right) {
    return Invoker.of(SEARCHSORTED_TENSOR)
        .tensor(this)
        .tensor(values)
        .flag(false)
        .flag(right)
        .one();
  }

  /**
   * Indicator vectors (int64) of class indices (int64), in a new last dimension.
   *
   * @param numClasses how many classes; -1 to take the largest index plus one
   * @return a new tensor
   */
  public final Tensor oneHot(long numClasses) {
    return Invoker.of(ONE_HOT).tensor(this).integer(numClasses).one();
  }

  /**
   * Draws indices with probabilities proportional to the elements of each row.
   *
   * @param numSamples how many for each row
   * @param replacement whether the same index may come twice
   * @param rng the generator, of the same device
   * @return a new tensor
   */
  public final Tensor multinomial(long numSamples, boolean replacement, Rng rng) {
    return Invoker.of(MULTINOMIAL)
        .tensor(this)
        .integer(numSamples)
        .flag(replacement)
        .rng(rng)
        .one();
  }

  /**
   * Draws 0 or 1, with the elements as probabilities of 1.
   *
   * @param rng the generator, of the same device
   * @return a new tensor
   */
  public final Tensor bernoulli(Rng rng) {
    return Invoker.of(BERNOULLI).tensor(this).rng(rng).one();
  }
}
