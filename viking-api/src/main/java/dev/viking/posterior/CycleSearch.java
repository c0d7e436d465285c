package dev.viking.posterior;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/** What happens to the vectors at the end of a cycle, without a temporary of their size. */
final class CycleSearch {
  // Where a cycle changed nothing but rounding, the line search would follow the rounding.
  private static final double ROUNDING_32 = 100 * Math.ulp(1.0f);
  private static final double ROUNDING_64 = 100 * Math.ulp(1.0);

  private CycleSearch() {}

  /**
   * Moves each vector to the point nearest to the limit on the line through its place before and
   * after the cycle.
   *
   * <p>With v = Q u and d = u - v, t = (u, d) / |d|^2 is 1 + (v, d) / |d|^2, and t v + (1 - t) u is
   * v + (1 - t) d.
   *
   * @param vectors v, [S, D], overwritten
   * @param start u, [S, D], overwritten by d
   * @param accelerated whether to move at all
   * @return the largest |d| / |u|; waits for the device
   */
  static double finish(Tensor vectors, Tensor start, boolean accelerated) {
    try (Scope _ = Scope.open()) {
      Tensor difference = start.sub_(vectors);
      Tensor dd = dots(difference, difference);
      Tensor vd = dots(vectors, difference);
      Tensor uu = dots(vectors, vectors).add(vd.mul(2.0)).add(dd);
      Tensor change = dd.div(uu.add(uu.eq(0.0).to(uu.dtype()))).sqrt();
      if (accelerated) {
        boolean wide = vectors.dtype().byteSize() >= Double.BYTES;
        Tensor still = change.le(wide ? ROUNDING_64 : ROUNDING_32);
        Tensor step = vd.div(dd.maskedFill(still, 1.0)).maskedFill(still, 0.0);
        vectors.addcmul_(difference, step, -1.0);
      }
      return change.max().item();
    }
  }

  /** Inner products vector by vector, [S, 1]. */
  private static Tensor dots(Tensor a, Tensor b) {
    return a.unsqueeze(1).bmm(b.unsqueeze(2)).squeeze(2);
  }
}
