package dev.viking.internal;

import dev.viking.linalg.PreparedSolver;
import dev.viking.linalg.SolverStatus;
import dev.viking.torch.Tensor;
import java.util.Optional;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * A projection of vectors onto the kernel of a Jacobian, or of one block of its rows. Reading its
 * residual waits for the device, so it is recorded only where a recording asks for it.
 */
@Name("dev.viking.Projection")
@Label("Kernel Projection")
@Description(
    "Vectors projected onto the kernel of a Jacobian; while recorded, each waits for the device")
@Category("VIKING")
@StackTrace(false)
@Enabled(false)
public final class ProjectionEvent extends Event {
  @Label("Vectors")
  long vectors;

  @Label("Rows of the Jacobian")
  long rows;

  @Label("Parameters")
  long parameters;

  @Label("Rank")
  @Description("Numerical rank of the Jacobian; -1 where the solver does not tell")
  long rank;

  @Label("Relative Residual")
  @Description("|J k| / |J u|; over the first vectors only where a data set is projected by blocks")
  double residual;

  @Label("Iterations")
  int iterations;

  @Label("Status")
  String status = "";

  /** An event that has not begun. */
  public ProjectionEvent() {}

  /**
   * Takes what is recorded; only for an event that is enabled, since it waits for the device.
   * Inside of a transform there are no numbers to read.
   *
   * @param count how many vectors were projected
   * @param solver what solved, with the Jacobian
   * @param left the relative residual, 0-dimensional
   * @param steps iterations of the solver
   * @param end how the solve ended
   */
  public void fill(long count, PreparedSolver solver, Tensor left, int steps, SolverStatus end) {
    vectors = count;
    rows = solver.operator().rows();
    parameters = solver.operator().columns();
    rank = rank(solver);
    residual = left.isWrapped() ? Double.NaN : left.item();
    iterations = steps;
    status = end.toString();
  }

  // The number on the device, since asking for the rank itself refuses rows that hold NaN: a
  // recording must not change what a program does.
  private static long rank(PreparedSolver solver) {
    Optional<Tensor> known = solver.rankTensor();
    if (known.isEmpty()) {
      return solver.rank().orElse(-1);
    }
    double number = known.get().isWrapped() ? Double.NaN : known.get().item();
    return Double.isNaN(number) ? -1 : Math.round(number);
  }
}
