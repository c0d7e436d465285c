package dev.viking.benchmarks;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One forward pass over N images in blocks of B: the unit of posterior sampling's cost. */
public final class DataForwardKernel implements Kernel {
  private final Problem problem;
  private final DataSet data;
  private final int block;

  /**
   * The kernel.
   *
   * @param setting on what; its batch is the size of a block
   */
  public DataForwardKernel(Setting setting) {
    problem = Problem.of(setting);
    data = DataSet.of(setting);
    block = setting.batch();
  }

  @Override
  public void run(int times) {
    for (int i = 0; i < times; i++) {
      for (long first = 0; first < data.images().size(0); first += block) {
        try (Scope _ = Scope.open()) {
          Tensor _ = outputs(first);
        }
      }
    }
  }

  /** The outputs, [N, 10]. */
  @Override
  public double[] result() {
    List<double[]> all = new ArrayList<>();
    for (long first = 0; first < data.images().size(0); first += block) {
      try (Scope _ = Scope.open()) {
        all.add(outputs(first).toDoubleArray());
      }
    }
    return all.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  private Tensor outputs(long first) {
    long count = Math.min(block, data.images().size(0) - first);
    return problem.model().apply(problem.parameters(), data.images().narrow(0, first, count));
  }

  @Override
  public void close() {
    data.close();
    problem.close();
  }
}
