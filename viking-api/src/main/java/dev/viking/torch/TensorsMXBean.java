package dev.viking.torch;

/**
 * What {@link NativeMemory} knows, for JMX: {@value #NAME} on the platform's server of beans, once
 * {@link NativeMemory#registerBean} was called.
 */
public interface TensorsMXBean {
  /** The bean's name. */
  String NAME = "dev.viking:type=Tensors";

  /**
   * Open handles of all devices: tensors and, on the CPU, pullbacks, generators and compiled
   * predictors.
   *
   * @return how many
   */
  long getLiveTensors();

  /**
   * Bytes of the open tensors of all devices; shared storage counts for each.
   *
   * @return how many
   */
  long getLiveBytes();

  /**
   * Whether the JVM runs with {@code -Dviking.leaks=trace}.
   *
   * @return true when {@link #dump} lists each tensor
   */
  boolean isTracing();

  /**
   * Tells what lives now, as {@link NativeMemory#dump} does.
   *
   * @return several lines
   */
  String dump();
}
