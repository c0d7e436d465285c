package dev.viking.torch;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;

/** {@link NativeMemory} for JMX. */
final class TensorsBean implements TensorsMXBean {
  private static final System.Logger LOG = System.getLogger("dev.viking.torch");

  /** A program that ends sooner does not pay for the platform's beans, some 100 ms. */
  private static final long DELAY_MILLIS = 1_000;

  private TensorsBean() {}

  /** Has the bean registered soon. Costs a sleeping thread until then, and nothing can fail. */
  static void register() {
    Registration.once();
  }

  // Initialised once, however many threads come.
  private static final class Registration {
    private Registration() {}

    static {
      start();
    }

    static void once() {}
  }

  private static void start() {
    try {
      Thread.ofPlatform().name("viking-jmx").daemon().start(TensorsBean::run);
    } catch (OutOfMemoryError e) {
      // No thread is to be had. What was going on here is not about beans.
      tell(e);
    }
  }

  private static void run() {
    try {
      Thread.sleep(DELAY_MILLIS);
      Jmx.register();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | LinkageError e) {
      // A JVM without java.management, or a server of beans that does not take ours.
      tell(e);
    }
  }

  private static void tell(Throwable why) {
    LOG.log(System.Logger.Level.DEBUG, "no bean " + NAME, why);
  }

  /** All that needs the module java.management, which may be missing. */
  private static final class Jmx {
    private Jmx() {}

    static void register() {
      try {
        ManagementFactory.getPlatformMBeanServer()
            .registerMBean(new TensorsBean(), new ObjectName(NAME));
      } catch (JMException e) {
        // Such as a second copy of the library, of another class loader, that came first.
        tell(e);
      }
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
