package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** Expectations for {@link TensorMatrix}: products by hand, factorisations by what defines them. */
final class MatrixCases {
  private MatrixCases() {}

  private static Tensor a() {
    return Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
  }

  private static Tensor b() {
    return Tensor.of(new double[] {0, 1, 1, 2}, 2, 2);
  }

  private static Tensor tall() {
    return Tensor.of(new double[] {1, 2, 3, 5, -1, 4}, 3, 2);
  }

  /** Symmetric positive definite, determinant 11, eigenvalues (7 -+ sqrt(5)) / 2. */
  private static Tensor spd() {
    return Tensor.of(new double[] {4, 1, 1, 3}, 2, 2);
  }

  private static Tensor eye(long n) {
    return Tensor.eye(n, DType.FLOAT64, Device.CPU);
  }

  static List<OperatorCase> all() {
    OperatorCase.Table t = new OperatorCase.Table();
    products(t);
    fused(t);
    factors(t);
    solutions(t);
    return t.cases();
  }

  private static void products(OperatorCase.Table t) {
    t.values("matmul(Tensor)", () -> a().matmul(b()), 2, 5, 4, 11);
    t.values("mm(Tensor)", () -> a().mm(b()), 2, 5, 4, 11);
    t.same(
        "bmm(Tensor)",
        () -> a().unsqueeze(0).bmm(b().unsqueeze(0)),
        () -> Tensor.of(new double[] {2, 5, 4, 11}, 1, 2, 2));
    t.values("mv(Tensor)", () -> a().mv(Tensor.of(5.0, 6.0)), 17, 39);
    t.values("dot(Tensor)", () -> Tensor.of(1.0, 2.0).dot(Tensor.of(5.0, 6.0)), 17);
    t.values("outer(Tensor)", () -> Tensor.of(1.0, 2.0).outer(Tensor.of(5.0, 6.0)), 5, 6, 10, 12);
    t.values(
        "kron(Tensor)",
        () -> Tensor.of(new double[] {1, 2}, 1, 2).kron(b()),
        0,
        1,
        0,
        2,
        1,
        2,
        2,
        4);
    t.values("trace()", () -> a().trace(), 5);
    t.values(
        "tensordot(Tensor,long[],long[])",
        () -> a().tensordot(b(), new long[] {0}, new long[] {1}),
        3,
        7,
        4,
        10);
    t.values(
        "cdist(Tensor,double)",
        () -> a().cdist(Tensor.of(new double[] {4, 6}, 1, 2), 2),
        5,
        Math.sqrt(5));
    t.values(
        "cosineSimilarity(Tensor,long)",
        () -> Tensor.of(3.0, 4.0).cosineSimilarity(Tensor.of(4.0, 3.0), 0),
        24.0 / 25);
    t.values(
        "cross(Tensor,long)",
        () -> Tensor.of(1.0, 2.0, 3.0).cross(Tensor.of(4.0, 5.0, 6.0), 0),
        -3,
        6,
        -3);
  }

  private static void fused(OperatorCase.Table t) {
    t.values("addmm(Tensor,Tensor,double,double)", () -> a().addmm(a(), b(), 2, 3), 8, 19, 18, 41);
    t.values(
        "baddbmm(Tensor,Tensor,double,double)",
        () -> a().unsqueeze(0).baddbmm(a().unsqueeze(0), b().unsqueeze(0), 2, 3),
        8,
        19,
        18,
        41);
    t.values(
        "addmv(Tensor,Tensor,double,double)",
        () -> Tensor.of(1.0, 1.0).addmv(a(), Tensor.of(5.0, 6.0), 2, 1),
        19,
        41);
    t.values("linear(Tensor,Tensor)", () -> a().linear(b(), Tensor.of(10.0, 20.0)), 12, 25, 14, 31);
  }

  private static void factors(OperatorCase.Table t) {
    t.check(
        "cholesky()",
        () -> {
          Tensor factor = spd().cholesky();
          assertThat(factor.equal(factor.tril())).isTrue();
          OperatorCase.assertValues(factor.matmul(factor.t()), 4, 1, 1, 3);
        });
    t.check(
        "eigh()",
        () -> {
          Tensor.Eigh result = spd().eigh();
          double root = Math.sqrt(5);
          OperatorCase.assertValues(result.values(), (7 - root) / 2, (7 + root) / 2);
          Tensor v = result.vectors();
          OperatorCase.assertValues(v.matmul(result.values().diag()).matmul(v.t()), 4, 1, 1, 3);
        });
    t.values("eigvalsh()", () -> spd().eigvalsh(), (7 - Math.sqrt(5)) / 2, (7 + Math.sqrt(5)) / 2);
    t.check(
        "svd(boolean)",
        () -> {
          Tensor.Svd svd = tall().svd(false);
          assertThat(svd.u().shape()).containsExactly(3, 2);
          OperatorCase.assertValues(svd.u().mul(svd.s()).matmul(svd.vh()), 1, 2, 3, 5, -1, 4);
          OperatorCase.assertValues(svd.u().t().matmul(svd.u()), 1, 0, 0, 1);
        });
    t.same(
        "svdvals()",
        () -> tall().svdvals(),
        () -> tall().t().matmul(tall()).eigvalsh().flip(0).sqrt());
    t.check(
        "qr()",
        () -> {
          Tensor.Qr qr = tall().qr();
          OperatorCase.assertValues(qr.q().matmul(qr.r()), 1, 2, 3, 5, -1, 4);
          OperatorCase.assertValues(qr.q().t().matmul(qr.q()), 1, 0, 0, 1);
          assertThat(qr.r().equal(qr.r().triu())).isTrue();
        });
    t.values("det()", () -> spd().det(), 11);
    t.check(
        "slogdet()",
        () -> {
          Tensor.Slogdet result = a().slogdet();
          OperatorCase.assertValues(result.sign(), -1);
          OperatorCase.assertValues(result.logabsdet(), Math.log(2));
        });
    t.values("logdet()", () -> spd().logdet(), Math.log(11));
    double e = Math.E;
    t.values(
        "matrixExp()", () -> Tensor.of(new double[] {1, 1, 0, 1}, 2, 2).matrixExp(), e, e, 0, e);
    t.values("matrixPower(long)", () -> a().matrixPower(2), 7, 10, 15, 22);
  }

  private static void solutions(OperatorCase.Table t) {
    t.same("solve(Tensor)", () -> a().matmul(a().solve(b())), MatrixCases::b);
    t.same(
        "choleskySolve(Tensor)",
        () -> spd().matmul(spd().cholesky().choleskySolve(b())),
        MatrixCases::b);
    t.same(
        "choleskyInverse()", () -> spd().matmul(spd().cholesky().choleskyInverse()), () -> eye(2));
    t.same(
        "solveTriangular(Tensor,boolean)",
        () -> a().triu().matmul(a().triu().solveTriangular(b(), true)),
        MatrixCases::b);
    t.check(
        "lstsq(Tensor)",
        () -> {
          Tensor right = Tensor.of(new double[] {1, 2, 3}, 3, 1);
          Tensor solution = tall().lstsq(right);
          // The residual of a least-squares solution is orthogonal to the columns.
          Tensor residual = right.sub(tall().matmul(solution));
          OperatorCase.assertValues(tall().t().matmul(residual), 0, 0);
        });
    t.same("inv()", () -> a().matmul(a().inv()), () -> eye(2));
    t.same("pinv(double)", () -> tall().pinv(1e-12).matmul(tall()), () -> eye(2));
  }
}
