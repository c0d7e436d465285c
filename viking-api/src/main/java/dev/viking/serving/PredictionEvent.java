package dev.viking.serving;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One prediction, the wait for its turn included. */
@Name("dev.viking.Prediction")
@Label("Prediction")
@Description(
    "One call of a compiled predictor, the wait for a place among the concurrent calls included")
@Category("VIKING")
@StackTrace(false)
final class PredictionEvent extends Event {
  @Label("Inputs")
  int inputs;

  @Label("Samples")
  long samples;

  @Label("Path")
  String path = "";
}
