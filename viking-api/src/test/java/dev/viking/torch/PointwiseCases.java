package dev.viking.torch;

import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Expectations for the operators on each element by itself: a function of each element, in plain
 * Java.
 */
final class PointwiseCases {
  private static final double[] REAL = {-2.3, -0.7, 0.0, 0.4, 1.9};
  private static final double[] POSITIVE = {0.2, 0.9, 1.0, 3.7};
  private static final double[] INSIDE = {-0.8, -0.1, 0.0, 0.6};

  private PointwiseCases() {}

  static List<OperatorCase> all() {
    OperatorCase.Table t = new OperatorCase.Table();
    arithmetic(t);
    elementary(t);
    activations(t);
    rounding(t);
    comparisons(t);
    return t.cases();
  }

  private static void arithmetic(OperatorCase.Table t) {
    t.binary("add(Tensor)", Tensor::add, (a, b) -> a + b);
    t.unary("add(double)", x -> x.add(0.5), a -> a + 0.5, REAL);
    t.check("add(long)", () -> requireInt64(Tensor.of(1, 2).add(3), 4, 5));
    t.binary("addScaled(Tensor,double)", (a, b) -> a.addScaled(b, -2), (a, b) -> a - 2 * b);
    t.binary("sub(Tensor)", Tensor::sub, (a, b) -> a - b);
    t.unary("sub(double)", x -> x.sub(0.5), a -> a - 0.5, REAL);
    t.check("sub(long)", () -> requireInt64(Tensor.of(1, 2).sub(3), -2, -1));
    t.binary("rsub(Tensor)", Tensor::rsub, (a, b) -> b - a);
    t.unary("rsub(double)", x -> x.rsub(0.5), a -> 0.5 - a, REAL);
    t.check("rsub(long)", () -> requireInt64(Tensor.of(1, 2).rsub(3), 2, 1));
    t.binary("mul(Tensor)", Tensor::mul, (a, b) -> a * b);
    t.unary("mul(double)", x -> x.mul(-1.5), a -> -1.5 * a, REAL);
    t.check("mul(long)", () -> requireInt64(Tensor.of(1, 2).mul(3), 3, 6));
    t.binary("div(Tensor)", Tensor::div, (a, b) -> a / b);
    t.unary("div(double)", x -> x.div(0.7), a -> a / 0.7, REAL);
    t.binary("floorDivide(Tensor)", Tensor::floorDivide, (a, b) -> Math.floor(a / b));
    t.binary("remainder(Tensor)", Tensor::remainder, (a, b) -> a - b * Math.floor(a / b));
    t.unary("remainder(double)", x -> x.remainder(0.7), a -> a - 0.7 * Math.floor(a / 0.7), REAL);
    t.check("remainder(long)", () -> requireInt64(Tensor.of(7, -7).remainder(3), 1, 2));
    t.unary("fmod(double)", x -> x.fmod(0.7), a -> a % 0.7, REAL);
    t.values("pow(Tensor)", () -> Tensor.of(2.0, 9.0).pow(Tensor.of(3.0, 0.5)), 8, 3);
    t.unary("pow(double)", x -> x.pow(1.5), a -> Math.pow(a, 1.5), POSITIVE);
    t.check("pow(long)", () -> requireInt64(Tensor.of(2, -3).pow(3), 8, -27));
    t.unary("neg()", Tensor::neg, a -> -a, REAL);
    t.unary("abs()", Tensor::abs, Math::abs, REAL);
    t.unary("sign()", Tensor::sign, Math::signum, REAL);
    t.unary("sqrt()", Tensor::sqrt, Math::sqrt, POSITIVE);
    t.unary("rsqrt()", Tensor::rsqrt, a -> 1 / Math.sqrt(a), POSITIVE);
    t.unary("square()", Tensor::square, a -> a * a, REAL);
    t.unary("reciprocal()", Tensor::reciprocal, a -> 1 / a, POSITIVE);
    t.binary("maximum(Tensor)", Tensor::maximum, Math::max);
    t.binary("minimum(Tensor)", Tensor::minimum, Math::min);
    t.binary("hypot(Tensor)", Tensor::hypot, Math::hypot);
    t.binary("logaddexp(Tensor)", Tensor::logaddexp, (a, b) -> Math.log(Math.exp(a) + Math.exp(b)));
    t.values(
        "xlogy(Tensor)", () -> Tensor.of(0.0, 2.0).xlogy(Tensor.of(0.0, 3.0)), 0, 2 * Math.log(3));
    t.binary("lerp(Tensor,double)", (a, b) -> a.lerp(b, 0.3), (a, b) -> a + 0.3 * (b - a));
    t.binary(
        "addcmul(Tensor,Tensor,double)", (a, b) -> a.addcmul(b, b, 0.3), (a, b) -> a + 0.3 * b * b);
    t.binary(
        "addcdiv(Tensor,Tensor,double)", (a, b) -> a.addcdiv(a, b, 0.3), (a, b) -> a + 0.3 * a / b);
  }

  private static void elementary(OperatorCase.Table t) {
    t.unary("exp()", Tensor::exp, Math::exp, REAL);
    t.unary("expm1()", Tensor::expm1, Math::expm1, REAL);
    t.unary("log()", Tensor::log, Math::log, POSITIVE);
    t.unary("log1p()", Tensor::log1p, Math::log1p, POSITIVE);
    t.unary("log2()", Tensor::log2, a -> Math.log(a) / Math.log(2), POSITIVE);
    t.unary("log10()", Tensor::log10, Math::log10, POSITIVE);
    t.unary("sin()", Tensor::sin, Math::sin, REAL);
    t.unary("cos()", Tensor::cos, Math::cos, REAL);
    t.unary("tan()", Tensor::tan, Math::tan, REAL);
    t.unary("asin()", Tensor::asin, Math::asin, INSIDE);
    t.unary("acos()", Tensor::acos, Math::acos, INSIDE);
    t.unary("atan()", Tensor::atan, Math::atan, REAL);
    t.binary("atan2(Tensor)", Tensor::atan2, Math::atan2);
    t.unary("sinh()", Tensor::sinh, Math::sinh, REAL);
    t.unary("cosh()", Tensor::cosh, Math::cosh, REAL);
    t.unary("tanh()", Tensor::tanh, Math::tanh, REAL);
    t.unary("asinh()", Tensor::asinh, a -> Math.log(a + Math.sqrt(a * a + 1)), REAL);
    t.unary("acosh()", Tensor::acosh, a -> Math.log(a + Math.sqrt(a * a - 1)), 1.2, 4.0);
    t.unary("atanh()", Tensor::atanh, a -> 0.5 * Math.log((1 + a) / (1 - a)), INSIDE);
    // Values of the special functions from tables (Abramowitz and Stegun, 16 digits).
    t.values(
        "erf()",
        () -> Tensor.of(0.5, 1.0, -0.3).erf(),
        0.5204998778130465,
        0.8427007929497149,
        -0.3286267594591274);
    t.values("erfc()", () -> Tensor.of(0.5, 1.0).erfc(), 0.4795001221869535, 0.1572992070502851);
    t.values(
        "erfinv()", () -> Tensor.of(0.5204998778130465, -0.3286267594591274).erfinv(), 0.5, -0.3);
    t.values(
        "lgamma()",
        () -> Tensor.of(0.5, 3.0, 5.0).lgamma(),
        0.5 * Math.log(Math.PI),
        Math.log(2),
        Math.log(24));
    t.values(
        "digamma()",
        () -> Tensor.of(0.5, 1.0, 2.0).digamma(),
        -1.9635100260214235,
        -0.5772156649015329,
        0.4227843350984671);
  }

  private static void activations(OperatorCase.Table t) {
    DoubleUnaryOperator sigmoid = a -> 1 / (1 + Math.exp(-a));
    DoubleUnaryOperator softplus = a -> Math.log1p(Math.exp(a));
    t.unary("sigmoid()", Tensor::sigmoid, sigmoid, REAL);
    t.unary("logSigmoid()", Tensor::logSigmoid, a -> -Math.log1p(Math.exp(-a)), REAL);
    t.unary("logit()", Tensor::logit, a -> Math.log(a / (1 - a)), 0.1, 0.5, 0.8);
    t.unary("relu()", Tensor::relu, a -> Math.max(a, 0), REAL);
    t.values(
        "gelu()",
        () -> Tensor.of(Math.sqrt(2) * 0.5, -Math.sqrt(2) * 0.3).gelu(),
        Math.sqrt(2) * 0.5 * 0.5 * (1 + 0.5204998778130465),
        -Math.sqrt(2) * 0.3 * 0.5 * (1 - 0.3286267594591274));
    t.unary(
        "gelu(boolean)",
        x -> x.gelu(true),
        a -> 0.5 * a * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a * a * a))),
        REAL);
    t.unary("silu()", Tensor::silu, a -> a * sigmoid.applyAsDouble(a), REAL);
    t.unary("mish()", Tensor::mish, a -> a * Math.tanh(softplus.applyAsDouble(a)), REAL);
    t.unary("elu(double)", x -> x.elu(0.8), a -> a > 0 ? a : 0.8 * Math.expm1(a), REAL);
    t.unary("leakyRelu(double)", x -> x.leakyRelu(0.1), a -> a > 0 ? a : 0.1 * a, REAL);
    t.unary("softplus()", Tensor::softplus, softplus, REAL);
    t.unary(
        "hardtanh(double,double)",
        x -> x.hardtanh(-0.5, 1),
        a -> Math.max(-0.5, Math.min(1, a)),
        REAL);
  }

  private static void rounding(OperatorCase.Table t) {
    t.unary("floor()", Tensor::floor, Math::floor, REAL);
    t.unary("ceil()", Tensor::ceil, Math::ceil, REAL);
    t.unary("round()", Tensor::round, Math::rint, -2.5, -1.2, 0.5, 1.5, 2.7);
    t.unary("trunc()", Tensor::trunc, a -> (double) (long) a, REAL);
    t.unary("frac()", Tensor::frac, a -> a - (long) a, REAL);
    t.unary("clamp(double,double)", x -> x.clamp(-1, 1), a -> Math.max(-1, Math.min(1, a)), REAL);
    t.values(
        "clamp(Tensor,Tensor)", () -> Tensor.of(1.0, 5.0).clamp(null, Tensor.of(2.0, 3.0)), 1, 3);
    t.unary("clampMin(double)", x -> x.clampMin(-1), a -> Math.max(-1, a), REAL);
    t.unary("clampMax(double)", x -> x.clampMax(1), a -> Math.min(1, a), REAL);
    t.values(
        "nanToNum(double,double,double)",
        () ->
            Tensor.of(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1)
                .nanToNum(7, 8, 9),
        7,
        8,
        9,
        1);
  }

  private static void comparisons(OperatorCase.Table t) {
    t.binary("eq(Tensor)", Tensor::eq, (a, b) -> a == b ? 1 : 0);
    t.binary("ne(Tensor)", Tensor::ne, (a, b) -> a != b ? 1 : 0);
    t.binary("lt(Tensor)", Tensor::lt, (a, b) -> a < b ? 1 : 0);
    t.binary("le(Tensor)", Tensor::le, (a, b) -> a <= b ? 1 : 0);
    t.binary("gt(Tensor)", Tensor::gt, (a, b) -> a > b ? 1 : 0);
    t.binary("ge(Tensor)", Tensor::ge, (a, b) -> a >= b ? 1 : 0);
    t.unary("eq(double)", x -> x.eq(0.4), a -> a == 0.4 ? 1 : 0, REAL);
    t.unary("ne(double)", x -> x.ne(0.4), a -> a != 0.4 ? 1 : 0, REAL);
    t.unary("lt(double)", x -> x.lt(0.4), a -> a < 0.4 ? 1 : 0, REAL);
    t.unary("le(double)", x -> x.le(0.4), a -> a <= 0.4 ? 1 : 0, REAL);
    t.unary("gt(double)", x -> x.gt(0.4), a -> a > 0.4 ? 1 : 0, REAL);
    t.unary("ge(double)", x -> x.ge(0.4), a -> a >= 0.4 ? 1 : 0, REAL);
    t.values("logicalNot()", () -> Tensor.of(0.0, 2.0).logicalNot(), 1, 0);
    t.values("logicalAnd(Tensor)", () -> bit(0b0011).logicalAnd(bit(0b0101)), 0, 0, 0, 1);
    t.values("logicalOr(Tensor)", () -> bit(0b0011).logicalOr(bit(0b0101)), 0, 1, 1, 1);
    t.values("logicalXor(Tensor)", () -> bit(0b0011).logicalXor(bit(0b0101)), 0, 1, 1, 0);
    t.values("isnan()", () -> odd().isnan(), 1, 0, 0);
    t.values("isinf()", () -> odd().isinf(), 0, 1, 0);
    t.values("isfinite()", () -> odd().isfinite(), 0, 0, 1);
  }

  private static Tensor bit(int pattern) {
    return Tensor.of(
        new boolean[] {
          (pattern & 8) != 0, (pattern & 4) != 0, (pattern & 2) != 0, (pattern & 1) != 0
        });
  }

  private static Tensor odd() {
    return Tensor.of(Double.NaN, Double.NEGATIVE_INFINITY, 1);
  }

  private static void requireInt64(Tensor actual, long... expected) {
    org.assertj.core.api.Assertions.assertThat(actual.toLongArray()).containsExactly(expected);
  }
}
