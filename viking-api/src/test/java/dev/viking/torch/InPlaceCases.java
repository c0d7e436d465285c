package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Consumer;

/**
 * Expectations for {@link TensorInPlace}: the tensor itself changes, seen through a view made
 * before.
 */
final class InPlaceCases {
  private InPlaceCases() {}

  private static void at(
      OperatorCase.Table t, String method, Consumer<Tensor> change, double... expected) {
    t.check(
        method,
        () -> {
          Tensor self = Tensor.of(1.0, 4.0, 9.0);
          Tensor view = self.view(3);
          change.accept(self);
          OperatorCase.assertValues(view, expected);
        });
  }

  private static Tensor other() {
    return Tensor.of(2.0, -1.0, 0.5);
  }

  static List<OperatorCase> all() {
    OperatorCase.Table t = new OperatorCase.Table();
    t.check(
        "add_(Tensor)",
        () -> {
          Tensor self = Tensor.of(1.0, 4.0, 9.0);
          long handles = NativeMemory.live(Device.CPU).handles();
          assertThat(self.add_(self)).isSameAs(self);
          assertThat(NativeMemory.live(Device.CPU).handles()).isEqualTo(handles);
          OperatorCase.assertValues(self, 2, 8, 18);
        });
    at(t, "add_(double)", x -> x.add_(0.5), 1.5, 4.5, 9.5);
    at(t, "addScaled_(Tensor,double)", x -> x.addScaled_(other(), 2), 5, 2, 10);
    at(t, "sub_(Tensor)", x -> x.sub_(other()), -1, 5, 8.5);
    at(t, "mul_(Tensor)", x -> x.mul_(other()), 2, -4, 4.5);
    at(t, "mul_(double)", x -> x.mul_(2), 2, 8, 18);
    at(t, "div_(Tensor)", x -> x.div_(other()), 0.5, -4, 18);
    at(t, "div_(double)", x -> x.div_(2), 0.5, 2, 4.5);
    at(t, "copy_(Tensor)", x -> x.copy_(other()), 2, -1, 0.5);
    at(t, "zero_()", x -> x.zero_(), 0, 0, 0);
    at(t, "fill_(double)", x -> x.fill_(7), 7, 7, 7);
    at(t, "addcmul_(Tensor,Tensor,double)", x -> x.addcmul_(other(), other(), 2), 9, 6, 9.5);
    at(t, "addcdiv_(Tensor,Tensor,double)", x -> x.addcdiv_(other(), other(), 2), 3, 6, 11);
    t.check(
        "addmm_(Tensor,Tensor,double,double)",
        () -> {
          Tensor self = Tensor.of(new double[] {1}, 1, 1);
          Tensor two = Tensor.of(new double[] {2}, 1, 1);
          OperatorCase.assertValues(self.addmm_(two, two, 3, 5), 23);
        });
    at(t, "sqrt_()", x -> x.sqrt_(), 1, 2, 3);
    at(t, "exp_()", x -> x.exp_(), Math.exp(1), Math.exp(4), Math.exp(9));
    at(t, "neg_()", x -> x.neg_(), -1, -4, -9);
    at(t, "lerp_(Tensor,double)", x -> x.lerp_(other(), 0.5), 1.5, 1.5, 4.75);
    at(t, "clamp_(double,double)", x -> x.clamp_(2, 5), 2, 4, 5);
    at(t, "maskedFill_(Tensor,double)", x -> x.maskedFill_(x.gt(2.0), 0), 1, 0, 0);
    at(
        t,
        "indexCopy_(long,Tensor,Tensor)",
        x -> x.indexCopy_(0, Tensor.of(2), Tensor.of(7.0)),
        1,
        4,
        7);
    at(
        t,
        "indexAdd_(long,Tensor,Tensor)",
        x -> x.indexAdd_(0, Tensor.of(2), Tensor.of(7.0)),
        1,
        4,
        16);
    t.check(
        "normal_(double,double,Rng)",
        () -> {
          try (Rng rng = Rng.seeded(3)) {
            Tensor x = Tensor.zeros(DType.FLOAT64, 20_000).normal_(2, 0.5, rng);
            assertThat(x.mean().item()).isBetween(1.97, 2.03);
            assertThat(x.std(1).item()).isBetween(0.48, 0.52);
          }
        });
    t.check(
        "uniform_(double,double,Rng)",
        () -> {
          try (Rng rng = Rng.seeded(3)) {
            Tensor x = Tensor.zeros(DType.FLOAT64, 20_000).uniform_(-1, 3, rng);
            assertThat(x.min().item()).isBetween(-1.0, -0.99);
            assertThat(x.max().item()).isBetween(2.99, 3.0);
            assertThat(x.mean().item()).isBetween(0.95, 1.05);
          }
        });
    return t.cases();
  }
}
