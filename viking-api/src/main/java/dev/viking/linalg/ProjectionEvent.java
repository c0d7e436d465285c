package dev.viking.linalg;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * A projection of vectors onto the kernel of a Jacobian. Reading its residual waits for the device,
 * so it is recorded only where a recording asks for it.
 */
@Name("dev.viking.Projection")
@Label("Kernel Projection")
@Description(
    "Vectors projected onto the kernel of a Jacobian; while recorded, each waits for the device")
@Category("VIKING")
@StackTrace(false)
@Enabled(false)
final class ProjectionEvent extends Event {
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
  @Description("|J k| / |J u|")
  double residual;

  @Label("Iterations")
  int iterations;

  @Label("Status")
  String status = "";
}
