package dev.viking.posterior;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One optimiser step. Does not wait for a device: on a GPU it is the time to queue the step. */
@Name("dev.viking.TrainingStep")
@Label("Training Step")
@Description("One minibatch: objective, gradient, optimiser")
@Category("VIKING")
@StackTrace(false)
final class TrainingStepEvent extends Event {
  @Label("Stage")
  String stage = "";

  @Label("Epoch")
  int epoch;

  @Label("Step")
  long step;

  @Label("Examples")
  long examples;
}
