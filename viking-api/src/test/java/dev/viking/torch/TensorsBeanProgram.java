package dev.viking.torch;

/** Run by {@link TensorsBeanTest} in a JVM of its own, which has no JMX. */
final class TensorsBeanProgram {
  private TensorsBeanProgram() {}

  /**
   * Computes, and tries to register the bean.
   *
   * @param arguments none
   */
  public static void main(String[] arguments) {
    print("JMX: " + ModuleLayer.boot().findModule("java.management").isPresent());
    try (Scope _ = Scope.open()) {
      Tensor sum = Tensor.of(1.0, 2.0).sum();
      print("registered: " + NativeMemory.registerBean());
      print("sum: " + sum.item());
    }
  }

  @SuppressWarnings("SystemOut") // the parent process reads it
  private static void print(String text) {
    System.out.println(text);
  }
}
