package dev.viking.posterior;

import dev.viking.torch.DType;
import java.util.Locale;

/**
 * Chooses a block size by a cost model with fixed figures, so that the same problem is cut the same
 * way on every machine and in every run.
 *
 * <p>NOTE [Costs] A block of r rows costs a fixed amount (some hundred operator calls), one read
 * and two writes of the S vectors, products of 4 S D r operations, a Gram matrix of r^2 G with G
 * the numbers kept for a row, and the factorisation, taken as the eigendecomposition that blocks of
 * deficient rank need, which is 25 r^3 at a fraction of the speed of a product. Per example the
 * first two fall with the block size and the last two rise. (LeNet, 100 vectors, one CPU core,
 * 2,048 examples: 1.2 s of processor time in blocks of 64, 1.07 in 128, 1.03 in 256, 1.43 in 512; a
 * block of 512 takes 65 ms for its rows, 56 for the Gram matrix, 170 for the products, and 55 more
 * for the eigenvectors where its rank is deficient.) Since larger blocks also leave fewer
 * directions to alternate between, the largest size within {@value #SLACK} of the least cost wins.
 */
final class BlockCosts {
  private static final double BLOCK_SECONDS = 2e-3;
  private static final double BYTES_PER_SECOND = 8e9;
  private static final double PRODUCT_FLOPS = 80e9;
  private static final double WIDE_FLOPS = 30e9;
  private static final double EIGEN_FLOPS = 25e9;
  private static final double SLACK = 1.15;
  private static final int LARGEST = 4096;
  private static final int WIDE_BYTES = 8;

  private final int examples;
  private final long rowsPerExample;
  private final long samples;
  private final long columns;
  private final DType type;
  private final double exampleBytes;
  private final double gramColumns;

  /**
   * What the costs depend on.
   *
   * @param exampleBytes measured: held for an example while its block is made
   * @param gramColumns numbers kept for a row of the Jacobian
   */
  BlockCosts(
      int examples,
      long rowsPerExample,
      long samples,
      long columns,
      DType type,
      double exampleBytes,
      double gramColumns) {
    this.examples = examples;
    this.rowsPerExample = rowsPerExample;
    this.samples = samples;
    this.columns = columns;
    this.type = type;
    this.exampleBytes = exampleBytes;
    this.gramColumns = gramColumns;
  }

  long rowsPerExample() {
    return rowsPerExample;
  }

  /** Seconds per example for blocks of this size on the machine that the figures are from. */
  double seconds(int size) {
    double rows = (double) size * rowsPerExample;
    double vectors = 3.0 * samples * columns * type.byteSize() / BYTES_PER_SECOND;
    double products = 4.0 * samples * columns * rows / PRODUCT_FLOPS;
    double gram = 2.0 * rows * rows * gramColumns / WIDE_FLOPS;
    double factor = 25.0 * rows * rows * rows / EIGEN_FLOPS;
    return (BLOCK_SECONDS + vectors + products + gram + factor) / size;
  }

  /**
   * Bytes of a block in work: its passes and rows, copies of the parameters, and four float64
   * matrices of the solver.
   */
  double bytes(int size) {
    double rows = (double) size * rowsPerExample;
    double copies = 3.0 * columns * type.byteSize();
    return size * exampleBytes + copies + 4 * rows * rows * WIDE_BYTES;
  }

  /** The plan for a memory limit of one block. */
  BlockPlan choose(double memory) {
    int best = 1;
    double least = Double.POSITIVE_INFINITY;
    String limit = "cost";
    for (int size = 1; ; size = Math.min(2 * size, examples)) {
      if (size > 1 && size * rowsPerExample > Math.min(LARGEST, Math.max(columns, 1))) {
        break;
      }
      if (size > 1 && bytes(size) > memory) {
        limit = "memory";
        break;
      }
      double cost = seconds(size);
      least = Math.min(least, cost);
      if (cost <= SLACK * least) {
        best = size;
      }
      if (size == examples) {
        break;
      }
    }
    int blocks = Math.ceilDiv(examples, best);
    int even = Math.ceilDiv(examples, blocks);
    return new BlockPlan(
        even,
        blocks,
        even * rowsPerExample,
        String.format(
            Locale.ROOT,
            "chosen by %s: %.0f us per example expected (least %.0f), %.1f MB for the block in"
                + " work, %.1f MB allowed",
            limit,
            seconds(even) * 1e6,
            least * 1e6,
            bytes(even) * 1e-6,
            memory * 1e-6));
  }
}
