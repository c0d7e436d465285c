package dev.viking.torch;

/** Operators that take many elements to one: sums, extremes, norms, cumulative forms. */
abstract sealed class TensorReductions extends TensorComparisons permits TensorShaping {
  private static final Op SUM = Op.of("aten::sum", "");
  private static final Op SUM_DIM_INTLIST = Op.of("aten::sum", "dim_IntList");
  private static final Op MEAN = Op.of("aten::mean", "");
  private static final Op MEAN_DIM = Op.of("aten::mean", "dim");
  private static final Op VAR_CORRECTION = Op.of("aten::var", "correction");
  private static final Op STD_CORRECTION = Op.of("aten::std", "correction");
  private static final Op PROD = Op.of("aten::prod", "");
  private static final Op PROD_DIM_INT = Op.of("aten::prod", "dim_int");
  private static final Op MAX = Op.of("aten::max", "");
  private static final Op MAX_DIM = Op.of("aten::max", "dim");
  private static final Op MIN = Op.of("aten::min", "");
  private static final Op MIN_DIM = Op.of("aten::min", "dim");
  private static final Op AMAX = Op.of("aten::amax", "");
  private static final Op AMIN = Op.of("aten::amin", "");
  private static final Op ARGMAX = Op.of("aten::argmax", "");
  private static final Op ARGMIN = Op.of("aten::argmin", "");
  private static final Op ANY = Op.of("aten::any", "");
  private static final Op ANY_DIM = Op.of("aten::any", "dim");
  private static final Op ALL = Op.of("aten::all", "");
  private static final Op ALL_DIM = Op.of("aten::all", "dim");
  private static final Op COUNT_NONZERO = Op.of("aten::count_nonzero", "");
  private static final Op MEDIAN_DIM = Op.of("aten::median", "dim");
  private static final Op QUANTILE_SCALAR = Op.of("aten::quantile", "scalar");
  private static final Op LINALG_VECTOR_NORM = Op.of("aten::linalg_vector_norm", "");
  private static final Op LOGSUMEXP = Op.of("aten::logsumexp", "");
  private static final Op SOFTMAX_INT = Op.of("aten::softmax", "int");
  private static final Op LOG_SOFTMAX_INT = Op.of("aten::log_softmax", "int");
  private static final Op CUMSUM = Op.of("aten::cumsum", "");
  private static final Op CUMPROD = Op.of("aten::cumprod", "");
  private static final Op CUMMAX = Op.of("aten::cummax", "");
  private static final Op LOGCUMSUMEXP = Op.of("aten::logcumsumexp", "");
  private static final Op DIFF = Op.of("aten::diff", "");
  private static final Op EQUAL = Op.of("aten::equal", "");
  private static final Op ALLCLOSE = Op.of("aten::allclose", "");

  TensorReductions(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorReductions(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * Sum of all elements.
   *
   * @return a new tensor
   */
  public final Tensor sum() {
    return Invoker.of(SUM).tensor(this).one();
  }

  /**
   * Sum over some dimensions, which are removed.
   *
   * @param dims the dimensions; negative ones count from the end
   * @return a new tensor
   */
  public final Tensor sum(long... dims) {
    return Invoker.of(SUM_DIM_INTLIST).tensor(this).ints(dims).one();
  }

  /**
   * Sum over some dimensions.
   *
   * @param dims the dimensions; negative ones count from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor sum(long[] dims, boolean keepdim) {
    return Invoker.of(SUM_DIM_INTLIST).tensor(this).ints(dims).flag(keepdim).one();
  }

  /**
   * Sum over one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor sum(long dim, boolean keepdim) {
    return Invoker.of(SUM_DIM_INTLIST).tensor(this).ints(dim).flag(keepdim).one();
  }

  /**
   * Mean of all elements.
   *
   * @return a new tensor
   */
  public final Tensor mean() {
    return Invoker.of(MEAN).tensor(this).one();
  }

  /**
   * Mean over some dimensions, which are removed.
   *
   * @param dims the dimensions; negative ones count from the end
   * @return a new tensor
   */
  public final Tensor mean(long... dims) {
    return Invoker.of(MEAN_DIM).tensor(this).ints(dims).one();
  }

  /**
   * Mean over some dimensions.
   *
   * @param dims the dimensions; negative ones count from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor mean(long[] dims, boolean keepdim) {
    return Invoker.of(MEAN_DIM).tensor(this).ints(dims).flag(keepdim).one();
  }

  /**
   * Mean over one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor mean(long dim, boolean keepdim) {
    return Invoker.of(MEAN_DIM).tensor(this).ints(dim).flag(keepdim).one();
  }

  /**
   * Variance of all elements.
   *
   * @param correction what is taken off the number of elements: 1 for the sample estimate, 0 for
   *     the population
   * @return a new tensor
   */
  public final Tensor var(long correction) {
    return Invoker.of(VAR_CORRECTION).tensor(this).none().integer(correction).one();
  }

  /**
   * Variance over some dimensions.
   *
   * @param dims the dimensions; negative ones count from the end
   * @param correction what is taken off the number of elements: 1 for the sample estimate, 0 for
   *     the population
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor var(long[] dims, long correction, boolean keepdim) {
    return Invoker.of(VAR_CORRECTION)
        .tensor(this)
        .ints(dims)
        .integer(correction)
        .flag(keepdim)
        .one();
  }

  /**
   * Standard deviation of all elements.
   *
   * @param correction what is taken off the number of elements: 1 for the sample estimate, 0 for
   *     the population
   * @return a new tensor
   */
  public final Tensor std(long correction) {
    return Invoker.of(STD_CORRECTION).tensor(this).none().integer(correction).one();
  }

  /**
   * Standard deviation over some dimensions.
   *
   * @param dims the dimensions; negative ones count from the end
   * @param correction what is taken off the number of elements: 1 for the sample estimate, 0 for
   *     the population
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor std(long[] dims, long correction, boolean keepdim) {
    return Invoker.of(STD_CORRECTION)
        .tensor(this)
        .ints(dims)
        .integer(correction)
        .flag(keepdim)
        .one();
  }

  /**
   * Product of all elements.
   *
   * @return a new tensor
   */
  public final Tensor prod() {
    return Invoker.of(PROD).tensor(this).one();
  }

  /**
   * Product over one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor prod(long dim, boolean keepdim) {
    return Invoker.of(PROD_DIM_INT).tensor(this).integer(dim).flag(keepdim).one();
  }

  /**
   * Largest element.
   *
   * @return a new tensor
   */
  public final Tensor max() {
    return Invoker.of(MAX).tensor(this).one();
  }

  /**
   * Largest elements over one dimension, and where they are.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return new tensors
   */
  public final Tensor.MaxResult max(long dim, boolean keepdim) {
    Tensor[] results = Invoker.of(MAX_DIM).tensor(this).integer(dim).flag(keepdim).some(2);
    return new Tensor.MaxResult(results[0], results[1]);
  }

  /**
   * Smallest element.
   *
   * @return a new tensor
   */
  public final Tensor min() {
    return Invoker.of(MIN).tensor(this).one();
  }

  /**
   * Smallest elements over one dimension, and where they are.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return new tensors
   */
  public final Tensor.MinResult min(long dim, boolean keepdim) {
    Tensor[] results = Invoker.of(MIN_DIM).tensor(this).integer(dim).flag(keepdim).some(2);
    return new Tensor.MinResult(results[0], results[1]);
  }

  /**
   * Largest elements over some dimensions; ties share the derivative.
   *
   * @param dims the dimensions; negative ones count from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor amax(long[] dims, boolean keepdim) {
    return Invoker.of(AMAX).tensor(this).ints(dims).flag(keepdim).one();
  }

  /**
   * Smallest elements over some dimensions; ties share the derivative.
   *
   * @param dims the dimensions; negative ones count from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor amin(long[] dims, boolean keepdim) {
    return Invoker.of(AMIN).tensor(this).ints(dims).flag(keepdim).one();
  }

  /**
   * Index of the largest element, row-major.
   *
   * @return a new tensor
   */
  public final Tensor argmax() {
    return Invoker.of(ARGMAX).tensor(this).one();
  }

  /**
   * Index of the largest element along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor argmax(long dim) {
    return Invoker.of(ARGMAX).tensor(this).integer(dim).one();
  }

  /**
   * Index of the largest element along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor argmax(long dim, boolean keepdim) {
    return Invoker.of(ARGMAX).tensor(this).integer(dim).flag(keepdim).one();
  }

  /**
   * Index of the smallest element, row-major.
   *
   * @return a new tensor
   */
  public final Tensor argmin() {
    return Invoker.of(ARGMIN).tensor(this).one();
  }

  /**
   * Index of the smallest element along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor argmin(long dim) {
    return Invoker.of(ARGMIN).tensor(this).integer(dim).one();
  }

  /**
   * Index of the smallest element along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor argmin(long dim, boolean keepdim) {
    return Invoker.of(ARGMIN).tensor(this).integer(dim).flag(keepdim).one();
  }

  /**
   * Whether any element is non-zero.
   *
   * @return a new tensor
   */
  public final Tensor any() {
    return Invoker.of(ANY).tensor(this).one();
  }

  /**
   * Whether any element along one dimension is non-zero.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor any(long dim, boolean keepdim) {
    return Invoker.of(ANY_DIM).tensor(this).integer(dim).flag(keepdim).one();
  }

  /**
   * Whether all elements are non-zero.
   *
   * @return a new tensor
   */
  public final Tensor all() {
    return Invoker.of(ALL).tensor(this).one();
  }

  /**
   * Whether all elements along one dimension are non-zero.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor all(long dim, boolean keepdim) {
    return Invoker.of(ALL_DIM).tensor(this).integer(dim).flag(keepdim).one();
  }

  /**
   * Number of elements that are not zero.
   *
   * @return a new tensor
   */
  public final Tensor countNonzero() {
    return Invoker.of(COUNT_NONZERO).tensor(this).one();
  }

  /**
   * Median along one dimension (the lower one of two), and where it is.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return new tensors
   */
  public final Tensor.MinResult median(long dim, boolean keepdim) {
    Tensor[] results = Invoker.of(MEDIAN_DIM).tensor(this).integer(dim).flag(keepdim).some(2);
    return new Tensor.MinResult(results[0], results[1]);
  }

  /**
   * Quantile along one dimension, with linear interpolation.
   *
   * @param q between 0 and 1
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor quantile(double q, long dim, boolean keepdim) {
    return Invoker.of(QUANTILE_SCALAR).tensor(this).number(q).integer(dim).flag(keepdim).one();
  }

  /**
   * Euclidean norm of all elements.
   *
   * @return a new tensor
   */
  public final Tensor norm() {
    return Invoker.of(LINALG_VECTOR_NORM).tensor(this).one();
  }

  /**
   * Norm of order {@code ord} of all elements.
   *
   * @param ord the order; infinity for the largest absolute value
   * @return a new tensor
   */
  public final Tensor vectorNorm(double ord) {
    return Invoker.of(LINALG_VECTOR_NORM).tensor(this).number(ord).one();
  }

  /**
   * Norm of order {@code ord} over some dimensions.
   *
   * @param ord the order; infinity for the largest absolute value
   * @param dims the dimensions; negative ones count from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor vectorNorm(double ord, long[] dims, boolean keepdim) {
    return Invoker.of(LINALG_VECTOR_NORM).tensor(this).number(ord).ints(dims).flag(keepdim).one();
  }

  /**
   * Logarithm of the sum of exponentials over some dimensions, without overflow.
   *
   * @param dims the dimensions; negative ones count from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor logsumexp(long[] dims, boolean keepdim) {
    return Invoker.of(LOGSUMEXP).tensor(this).ints(dims).flag(keepdim).one();
  }

  /**
   * Logarithm of the sum of exponentials over one dimension, without overflow.
   *
   * @param dim the dimension; negative counts from the end
   * @param keepdim whether reduced dimensions stay, with size 1
   * @return a new tensor
   */
  public final Tensor logsumexp(long dim, boolean keepdim) {
    return Invoker.of(LOGSUMEXP).tensor(this).ints(dim).flag(keepdim).one();
  }

  /**
   * Exponentials divided by their sum along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor softmax(long dim) {
    return Invoker.of(SOFTMAX_INT).tensor(this).integer(dim).one();
  }

  /**
   * Logarithm of {@link #softmax}.
   *
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor logSoftmax(long dim) {
    return Invoker.of(LOG_SOFTMAX_INT).tensor(this).integer(dim).one();
  }

  /**
   * Running sum along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor cumsum(long dim) {
    return Invoker.of(CUMSUM).tensor(this).integer(dim).one();
  }

  /**
   * Running product along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor cumprod(long dim) {
    return Invoker.of(CUMPROD).tensor(this).integer(dim).one();
  }

  /**
   * Running maximum along one dimension, and where it is.
   *
   * @param dim the dimension; negative counts from the end
   * @return new tensors
   */
  public final Tensor.MaxResult cummax(long dim) {
    Tensor[] results = Invoker.of(CUMMAX).tensor(this).integer(dim).some(2);
    return new Tensor.MaxResult(results[0], results[1]);
  }

  /**
   * Logarithm of the running sum of exponentials along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor logcumsumexp(long dim) {
    return Invoker.of(LOGCUMSUMEXP).tensor(this).integer(dim).one();
  }

  /**
   * Differences of neighbours along one dimension, taken {@code n} times.
   *
   * @param n how often
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor diff(long n, long dim) {
    return Invoker.of(DIFF).tensor(this).integer(n).integer(dim).one();
  }

  /**
   * Whether two tensors have the same shape and elements.
   *
   * @param other the other operand
   * @return the answer for the whole tensors
   */
  public final boolean equal(Tensor other) {
    return Invoker.of(EQUAL).tensor(this).tensor(other).truth();
  }

  /**
   * Whether {@code |this - other| <= atol + rtol * |other|} everywhere.
   *
   * @param other the other operand
   * @param rtol relative tolerance
   * @param atol absolute tolerance
   * @return the answer for the whole tensors
   */
  public final boolean allclose(Tensor other, double rtol, double atol) {
    return Invoker.of(ALLCLOSE).tensor(this).tensor(other).number(rtol).number(atol).truth();
  }
}
