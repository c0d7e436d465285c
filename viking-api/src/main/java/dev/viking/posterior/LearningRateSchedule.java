package dev.viking.posterior;

import dev.viking.internal.Arguments;

/** How the learning rate changes over a stage. */
public enum LearningRateSchedule {
  /** Not at all; the paper's. */
  CONSTANT,
  /** Down half a cosine, from the whole rate to zero at the end of the stage. */
  COSINE,
  /** Down a straight line, from the whole rate to zero at the end of the stage. */
  LINEAR;

  /**
   * The share of the learning rate.
   *
   * @param progress of the stage, from 0 to 1
   * @return the factor, 1 at the beginning
   */
  public double factor(double progress) {
    Arguments.within("LearningRateSchedule.factor", "progress", progress, 0, 1);
    return switch (this) {
      case CONSTANT -> 1;
      case COSINE -> 0.5 * (1 + Math.cos(Math.PI * progress));
      case LINEAR -> 1 - progress;
    };
  }
}
