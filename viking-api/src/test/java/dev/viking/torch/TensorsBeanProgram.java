package dev.viking.torch;

/** Run by {@link TensorsBeanTest} in a JVM of its own, which has no JMX. */
final class TensorsBeanProgram {
  private TensorsBeanProgram() {}

  /**
   * Computes, and waits until the bean would have been registered.
   *
   * @param arguments none
   * @throws InterruptedException when the JVM ends
   */
  public static void main(String[] arguments) throws InterruptedException {
    print("JMX: " + ModuleLayer.boot().findModule("java.management").isPresent());
    try (Scope _ = Scope.open()) {
      Tensor sum = Tensor.of(1.0, 2.0).sum();
      boolean ended = true;
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().equals("viking-jmx")) {
          thread.join(30_000);
          ended = !thread.isAlive();
        }
      }
      print("registration ended: " + ended);
      print("sum: " + sum.item());
    }
  }

  @SuppressWarnings("SystemOut") // the parent process reads it
  private static void print(String text) {
    System.out.println(text);
  }
}
