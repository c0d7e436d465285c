package dev.viking.examples;

import dev.viking.bindings.NativeLibrary;
import dev.viking.torch.Device;
import dev.viking.torch.Libtorch;
import dev.viking.torch.Threads;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code viking info}. */
@Command(name = "info", description = "Prints versions, devices and threads.")
final class InfoCommand implements Callable<Integer> {
  private final Console console;

  InfoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    line("java", Runtime.version() + ", " + System.getProperty("java.vm.name"));
    line("native library", NativeLibrary.path().toString());
    Libtorch.buildInfo().forEach(this::line);
    line("cuda devices", Integer.toString(Device.count(Device.Type.CUDA)));
    line("threads", Threads.get() + " within one operator");
    return 0;
  }

  private void line(String name, String value) {
    console.out().printf("%-16s %s%n", name, value);
  }
}
