package dev.viking.torch;

import org.jspecify.annotations.Nullable;

/**
 * Products, factorisations and solutions of matrices. The last two dimensions are the matrix,
 * dimensions before them a batch.
 */
abstract sealed class TensorMatrix extends TensorIndexing permits TensorNeural {
  private static final Op MATMUL = Op.of("aten::matmul", "");
  private static final Op MM = Op.of("aten::mm", "");
  private static final Op BMM = Op.of("aten::bmm", "");
  private static final Op MV = Op.of("aten::mv", "");
  private static final Op DOT = Op.of("aten::dot", "");
  private static final Op OUTER = Op.of("aten::outer", "");
  private static final Op ADDMM = Op.of("aten::addmm", "");
  private static final Op BADDBMM = Op.of("aten::baddbmm", "");
  private static final Op ADDMV = Op.of("aten::addmv", "");
  private static final Op LINEAR = Op.of("aten::linear", "");
  private static final Op KRON = Op.of("aten::kron", "");
  private static final Op TRACE = Op.of("aten::trace", "");
  private static final Op TENSORDOT = Op.of("aten::tensordot", "");
  private static final Op CDIST = Op.of("aten::cdist", "");
  private static final Op COSINE_SIMILARITY = Op.of("aten::cosine_similarity", "");
  private static final Op LINALG_CROSS = Op.of("aten::linalg_cross", "");
  private static final Op LINALG_CHOLESKY = Op.of("aten::linalg_cholesky", "");
  private static final Op CHOLESKY_SOLVE = Op.of("aten::cholesky_solve", "");
  private static final Op CHOLESKY_INVERSE = Op.of("aten::cholesky_inverse", "");
  private static final Op LINALG_SOLVE_TRIANGULAR = Op.of("aten::linalg_solve_triangular", "");
  private static final Op LINALG_EIGH = Op.of("aten::linalg_eigh", "");
  private static final Op LINALG_EIGVALSH = Op.of("aten::linalg_eigvalsh", "");
  private static final Op LINALG_SVD = Op.of("aten::linalg_svd", "");
  private static final Op LINALG_SVDVALS = Op.of("aten::linalg_svdvals", "");
  private static final Op LINALG_QR = Op.of("aten::linalg_qr", "");
  private static final Op LINALG_SOLVE = Op.of("aten::linalg_solve", "");
  private static final Op LINALG_LSTSQ = Op.of("aten::linalg_lstsq", "");
  private static final Op LINALG_INV = Op.of("aten::linalg_inv", "");
  private static final Op LINALG_PINV = Op.of("aten::linalg_pinv", "");
  private static final Op LINALG_DET = Op.of("aten::linalg_det", "");
  private static final Op LINALG_SLOGDET = Op.of("aten::linalg_slogdet", "");
  private static final Op LOGDET = Op.of("aten::logdet", "");
  private static final Op LINALG_MATRIX_EXP = Op.of("aten::linalg_matrix_exp", "");
  private static final Op LINALG_MATRIX_POWER = Op.of("aten::linalg_matrix_power", "");

  TensorMatrix(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorMatrix(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * Product of matrices, vectors or batches of them, with broadcasting of the batch.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor matmul(Tensor other) {
    return Invoker.of(MATMUL).tensor(this).tensor(other).one();
  }

  /**
   * Product of two matrices.
   *
   * @param mat2 the right factor
   * @return a new tensor
   */
  public final Tensor mm(Tensor mat2) {
    return Invoker.of(MM).tensor(this).tensor(mat2).one();
  }

  /**
   * Products of two batches of matrices.
   *
   * @param mat2 the right factor
   * @return a new tensor
   */
  public final Tensor bmm(Tensor mat2) {
    return Invoker.of(BMM).tensor(this).tensor(mat2).one();
  }

  /**
   * Product of a matrix and a vector.
   *
   * @param vec the vector
   * @return a new tensor
   */
  public final Tensor mv(Tensor vec) {
    return Invoker.of(MV).tensor(this).tensor(vec).one();
  }

  /**
   * Scalar product of two vectors.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor dot(Tensor other) {
    return Invoker.of(DOT).tensor(this).tensor(other).one();
  }

  /**
   * Outer product of two vectors.
   *
   * @param vec2 the right vector
   * @return a new tensor
   */
  public final Tensor outer(Tensor vec2) {
    return Invoker.of(OUTER).tensor(this).tensor(vec2).one();
  }

  /**
   * {@code beta * this + alpha * mat1 mat2}.
   *
   * @param mat1 the left factor
   * @param mat2 the right factor
   * @param beta the factor of this tensor
   * @param alpha the factor
   * @return a new tensor
   */
  public final Tensor addmm(Tensor mat1, Tensor mat2, double beta, double alpha) {
    return Invoker.of(ADDMM)
        .tensor(this)
        .tensor(mat1)
        .tensor(mat2)
        .number(beta)
        .number(alpha)
        .one();
  }

  /**
   * {@code beta * this + alpha * batch1 batch2} for batches of matrices.
   *
   * @param batch1 the left factors
   * @param batch2 the right factors
   * @param beta the factor of this tensor
   * @param alpha the factor
   * @return a new tensor
   */
  public final Tensor baddbmm(Tensor batch1, Tensor batch2, double beta, double alpha) {
    return Invoker.of(BADDBMM)
        .tensor(this)
        .tensor(batch1)
        .tensor(batch2)
        .number(beta)
        .number(alpha)
        .one();
  }

  /**
   * {@code beta * this + alpha * mat vec}.
   *
   * @param mat the matrix
   * @param vec the vector
   * @param beta the factor of this tensor
   * @param alpha the factor
   * @return a new tensor
   */
  public final Tensor addmv(Tensor mat, Tensor vec, double beta, double alpha) {
    return Invoker.of(ADDMV).tensor(this).tensor(mat).tensor(vec).number(beta).number(alpha).one();
  }

  /**
   * {@code this weight^T + bias} over the last dimension; weight is [out, in].
   *
   * @param weight the matrix [out, in]
   * @param bias what is added for each output, or null
   * @return a new tensor
   */
  public final Tensor linear(Tensor weight, @Nullable Tensor bias) {
    return Invoker.of(LINEAR).tensor(this).tensor(weight).tensorOrNone(bias).one();
  }

  /**
   * Kronecker product.
   *
   * @param other the other operand
   * @return a new tensor
   */
  public final Tensor kron(Tensor other) {
    return Invoker.of(KRON).tensor(this).tensor(other).one();
  }

  /**
   * Sum of the diagonal of a matrix.
   *
   * @return a new tensor
   */
  public final Tensor trace() {
    return Invoker.of(TRACE).tensor(this).one();
  }

  /**
   * Sum of products over pairs of dimensions.
   *
   * @param other the other operand
   * @param dims the dimensions; negative ones count from the end
   * @param otherDims the dimensions of the other tensor
   * @return a new tensor
   */
  public final Tensor tensordot(Tensor other, long[] dims, long[] otherDims) {
    return Invoker.of(TENSORDOT).tensor(this).tensor(other).ints(dims).ints(otherDims).one();
  }

  /**
   * Distances of order {@code p} between the rows of two matrices.
   *
   * @param other the other operand
   * @param p the order
   * @return a new tensor
   */
  public final Tensor cdist(Tensor other, double p) {
    return Invoker.of(CDIST).tensor(this).tensor(other).number(p).one();
  }

  /**
   * Cosine of the angle between vectors along one dimension.
   *
   * @param other the other operand
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor cosineSimilarity(Tensor other, long dim) {
    return Invoker.of(COSINE_SIMILARITY).tensor(this).tensor(other).integer(dim).one();
  }

  /**
   * Vector product along a dimension of size 3.
   *
   * @param other the other operand
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor cross(Tensor other, long dim) {
    return Invoker.of(LINALG_CROSS).tensor(this).tensor(other).integer(dim).one();
  }

  /**
   * Lower Cholesky factor of symmetric positive definite matrices.
   *
   * @return a new tensor
   */
  public final Tensor cholesky() {
    return Invoker.of(LINALG_CHOLESKY).tensor(this).one();
  }

  /**
   * Solves with the matrix whose lower Cholesky factor this is: X with {@code this this^T X =
   * rightSide}.
   *
   * @param rightSide the right-hand side
   * @return a new tensor
   */
  public final Tensor choleskySolve(Tensor rightSide) {
    return Invoker.of(CHOLESKY_SOLVE).tensor(rightSide).tensor(this).one();
  }

  /**
   * Inverse of the matrix whose lower Cholesky factor this is.
   *
   * @return a new tensor
   */
  public final Tensor choleskyInverse() {
    return Invoker.of(CHOLESKY_INVERSE).tensor(this).one();
  }

  /**
   * Solves with this triangular matrix: X with {@code this X = rightSide}.
   *
   * @param rightSide the right-hand side
   * @param upper whether this is upper triangular
   * @return a new tensor
   */
  public final Tensor solveTriangular(Tensor rightSide, boolean upper) {
    return Invoker.of(LINALG_SOLVE_TRIANGULAR).tensor(this).tensor(rightSide).flag(upper).one();
  }

  /**
   * Eigenvalues, ascending, and eigenvectors (columns) of symmetric matrices; the lower triangle is
   * read.
   *
   * @return new tensors
   */
  public final Tensor.Eigh eigh() {
    Tensor[] results = Invoker.of(LINALG_EIGH).tensor(this).some(2);
    return new Tensor.Eigh(results[0], results[1]);
  }

  /**
   * Eigenvalues of symmetric matrices, ascending.
   *
   * @return a new tensor
   */
  public final Tensor eigvalsh() {
    return Invoker.of(LINALG_EIGVALSH).tensor(this).one();
  }

  /**
   * Singular value decomposition {@code U diag(S) Vh}, singular values descending.
   *
   * @param fullMatrices whether U and Vh are square
   * @return new tensors
   */
  public final Tensor.Svd svd(boolean fullMatrices) {
    Tensor[] results = Invoker.of(LINALG_SVD).tensor(this).flag(fullMatrices).some(3);
    return new Tensor.Svd(results[0], results[1], results[2]);
  }

  /**
   * Singular values, descending.
   *
   * @return a new tensor
   */
  public final Tensor svdvals() {
    return Invoker.of(LINALG_SVDVALS).tensor(this).one();
  }

  /**
   * Reduced QR decomposition.
   *
   * @return new tensors
   */
  public final Tensor.Qr qr() {
    Tensor[] results = Invoker.of(LINALG_QR).tensor(this).some(2);
    return new Tensor.Qr(results[0], results[1]);
  }

  /**
   * Solves with this square matrix: X with {@code this X = rightSide}.
   *
   * @param rightSide the right-hand side
   * @return a new tensor
   */
  public final Tensor solve(Tensor rightSide) {
    return Invoker.of(LINALG_SOLVE).tensor(this).tensor(rightSide).one();
  }

  /**
   * Least-squares solution with this matrix, by a QR decomposition with pivoting on the CPU.
   *
   * @param rightSide the right-hand side
   * @return the X that makes {@code |this X - rightSide|} smallest
   */
  public final Tensor lstsq(Tensor rightSide) {
    return Invoker.of(LINALG_LSTSQ).tensor(this).tensor(rightSide).one();
  }

  /**
   * Inverse of square matrices.
   *
   * @return a new tensor
   */
  public final Tensor inv() {
    return Invoker.of(LINALG_INV).tensor(this).one();
  }

  /**
   * Pseudo-inverse; singular values below {@code rcond} times the largest count as zero.
   *
   * @param rcond the relative cut-off
   * @return a new tensor
   */
  public final Tensor pinv(double rcond) {
    return Invoker.of(LINALG_PINV).tensor(this).number(rcond).one();
  }

  /**
   * Determinants.
   *
   * @return a new tensor
   */
  public final Tensor det() {
    return Invoker.of(LINALG_DET).tensor(this).one();
  }

  /**
   * Signs and logarithms of absolute determinants.
   *
   * @return new tensors
   */
  public final Tensor.Slogdet slogdet() {
    Tensor[] results = Invoker.of(LINALG_SLOGDET).tensor(this).some(2);
    return new Tensor.Slogdet(results[0], results[1]);
  }

  /**
   * Logarithm of the determinant; NaN where that is negative.
   *
   * @return a new tensor
   */
  public final Tensor logdet() {
    return Invoker.of(LOGDET).tensor(this).one();
  }

  /**
   * Matrix exponential.
   *
   * @return a new tensor
   */
  public final Tensor matrixExp() {
    return Invoker.of(LINALG_MATRIX_EXP).tensor(this).one();
  }

  /**
   * Whole power of square matrices.
   *
   * @param n the power; negative takes the inverse first
   * @return a new tensor
   */
  public final Tensor matrixPower(long n) {
    return Invoker.of(LINALG_MATRIX_POWER).tensor(this).integer(n).one();
  }
}
