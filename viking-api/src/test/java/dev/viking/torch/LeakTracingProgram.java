package dev.viking.torch;

/** Run by {@link LeakTracingTest} in a JVM of its own, which traces leaks. */
final class LeakTracingProgram {
  private LeakTracingProgram() {}

  /**
   * Forgets a tensor and prints what the library knows about it.
   *
   * @param arguments none
   * @throws InterruptedException when the JVM ends
   */
  public static void main(String[] arguments) throws InterruptedException {
    forgetOne();
    Tensor kept = Tensor.of(1.0);
    try (Scope scope = Scope.open()) {
      Tensor inScope = kept.add(1.0);
      print("scope: " + scope.dump());
      print("open: " + inScope.item());
    }
    kept.close();
    for (int i = 0; i < 200 && !NativeMemory.dump().contains("never closed"); i++) {
      System.gc();
      Thread.sleep(10);
    }
    print("dump: " + NativeMemory.dump());
  }

  private static void forgetOne() {
    Tensor forgotten = Tensor.of(1.0, 2.0);
    print("made: " + forgotten);
  }

  @SuppressWarnings("SystemOut") // the parent process reads it
  private static void print(String text) {
    System.out.println(text);
  }
}
