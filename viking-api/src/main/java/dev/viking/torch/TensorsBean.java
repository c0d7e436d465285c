package dev.viking.torch;

import java.lang.management.ManagementFactory;
import javax.management.InstanceAlreadyExistsException;
import javax.management.JMException;
import javax.management.ObjectName;

/** {@link NativeMemory} for JMX. */
final class TensorsBean implements TensorsMXBean {
  private static final System.Logger LOG = System.getLogger("dev.viking.torch");

  private TensorsBean() {}

  /** Registers the bean unless it is there; false where that cannot be. */
  static boolean register() {
    try {
      return Jmx.register();
    } catch (RuntimeException | LinkageError e) {
      // A JVM without java.management, or a server of beans that does not take ours.
      tell(e);
      return false;
    }
  }

  private static void tell(Throwable why) {
    LOG.log(System.Logger.Level.WARNING, "no bean " + NAME, why);
  }

  /** All that needs the module java.management, which may be missing. */
  private static final class Jmx {
    private Jmx() {}

    static boolean register() {
      try {
        ManagementFactory.getPlatformMBeanServer()
            .registerMBean(new TensorsBean(), new ObjectName(NAME));
      } catch (InstanceAlreadyExistsException _) {
        // Ours of an earlier call, or that of another class loader's copy of the library.
        return true;
      } catch (JMException e) {
        tell(e);
        return false;
      }
      return true;
    }
  }

  private static NativeMemory.Live live() {
    NativeMemory.Live cpu = NativeMemory.live(Device.CPU);
    NativeMemory.Live cuda = NativeMemory.live(Device.cuda(-1));
    return new NativeMemory.Live(cpu.handles() + cuda.handles(), cpu.bytes() + cuda.bytes());
  }

  @Override
  public long getLiveTensors() {
    return live().handles();
  }

  @Override
  public long getLiveBytes() {
    return live().bytes();
  }

  @Override
  public boolean isTracing() {
    return LeakTracker.TRACING;
  }

  @Override
  public String dump() {
    return NativeMemory.dump();
  }
}
