package dev.viking.torch;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A transform: the native calls that belong to it, with what the function called back did. */
@Name("dev.viking.NativeCalls")
@Label("Native Calls of a Transform")
@Description("One evaluation of jvp, vjp, grad, vmap, hvp or a Jacobian")
@Category("VIKING")
@StackTrace(false)
final class NativeCallEvent extends Event {
  @Label("Group")
  @Description("Which transform")
  String group = "";

  @Label("Depth")
  @Description("Transforms around it on this thread")
  int depth;
}
