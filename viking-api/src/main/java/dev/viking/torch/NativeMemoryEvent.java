package dev.viking.torch;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;

/** What open handles hold and devices have left; once a second while a recording wants it. */
@Name("dev.viking.NativeMemory")
@Label("Native Memory")
@Description("Open handles, the bytes of their tensors, and the device's memory")
@Category("VIKING")
@Period("1 s")
@StackTrace(false)
final class NativeMemoryEvent extends Event {
  @Label("Device")
  String device = "";

  @Label("Open Handles")
  long handles;

  @Label("Bytes in Tensors")
  @DataAmount
  long bytes;

  @Label("Free on the Device")
  @DataAmount
  long free;

  @Label("Reserved by the Allocator")
  @DataAmount
  long reserved;

  /**
   * Has the event written whenever a recorder runs, now or later. Costs nothing until then: JFR is
   * not started.
   */
  static void register() {
    Registration.once();
  }

  // Initialised once, however many threads come.
  private static final class Registration {
    private Registration() {}

    static {
      listen();
    }

    static void once() {}
  }

  private static void listen() {
    FlightRecorder.addListener(
        new FlightRecorderListener() {
          @Override
          public void recorderInitialized(FlightRecorder recorder) {
            FlightRecorder.addPeriodicEvent(NativeMemoryEvent.class, NativeMemoryEvent::write);
          }
        });
  }

  private static void write() {
    write(Device.CPU);
    for (int i = 0; i < Device.count(Device.Type.CUDA); i++) {
      write(Device.cuda(i));
    }
  }

  private static void write(Device device) {
    NativeMemory.Live live = NativeMemory.live(device);
    NativeMemory.DeviceMemory memory = NativeMemory.device(device);
    NativeMemoryEvent event = new NativeMemoryEvent();
    event.device = device.toString();
    event.handles = live.handles();
    event.bytes = live.bytes();
    event.free = memory.free();
    event.reserved = memory.reserved();
    event.commit();
  }
}
