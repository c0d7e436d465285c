package dev.viking.nn;

/** Losses as they are on other devices than the CPU, for tests without one. */
public final class DeviceLosses {
  private DeviceLosses() {}

  /** The softmax cross-entropy that looks at no label. */
  public static Loss softmaxCrossEntropy() {
    return new SoftmaxCrossEntropy(false);
  }
}
