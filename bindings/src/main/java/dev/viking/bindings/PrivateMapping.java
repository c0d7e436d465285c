package dev.viking.bindings;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Maps a file so that its memory can be written without the file being changed.
 *
 * <p>A tensor over a checkpoint needs that: operators that work in place would otherwise end the
 * JVM. {@link FileChannel} maps in this way only files that may be written, which a model in a
 * container's image may not; so on Linux this calls the C library.
 */
public final class PrivateMapping {
  private static final int O_RDONLY = 0;
  private static final int O_CLOEXEC = 0x80000;
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int MAP_PRIVATE_NORESERVE = 0x02 | 0x4000;

  private PrivateMapping() {}

  /** The three functions of the C library. */
  private record Calls(
      MethodHandle open, MethodHandle mmap, MethodHandle munmap, MethodHandle close) {
    @SuppressWarnings("restricted")
    static Calls link() {
      Linker linker = Linker.nativeLinker();
      SymbolLookup library = linker.defaultLookup();
      return new Calls(
          // int open(const char *path, int flags, ...)
          linker.downcallHandle(
              library.findOrThrow("open"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
              Linker.Option.firstVariadicArg(2)),
          // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
          linker.downcallHandle(
              library.findOrThrow("mmap"),
              FunctionDescriptor.of(
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG)),
          // int munmap(void *addr, size_t length)
          linker.downcallHandle(
              library.findOrThrow("munmap"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG)),
          // int close(int fd)
          linker.downcallHandle(
              library.findOrThrow("close"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)));
    }
  }

  /**
   * Maps a whole file.
   *
   * @param file the file, which must not be cut off while it is mapped
   * @return its bytes, from an address that is a multiple of the page size; writing to them changes
   *     this JVM's copy of the page. Unmapped by the garbage collector when no longer reachable
   * @throws IOException if the file cannot be read or is empty
   */
  public static MemorySegment map(Path file) throws IOException {
    long size = Files.size(file);
    if (size == 0) {
      throw new IOException(file + " is empty");
    }
    if (!NativePlatform.id().startsWith("linux")) {
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        return channel.map(FileChannel.MapMode.PRIVATE, 0, size, Arena.ofAuto());
      }
    }
    return mmap(file, size);
  }

  @SuppressWarnings("restricted")
  private static MemorySegment mmap(Path file, long size) throws IOException {
    try (Arena scratch = Arena.ofConfined()) {
      Calls calls = Calls.link();
      int descriptor =
          (int)
              calls.open.invokeExact(
                  scratch.allocateFrom(file.toAbsolutePath().toString()), O_RDONLY | O_CLOEXEC);
      if (descriptor < 0) {
        throw new IOException(file + " cannot be opened");
      }
      MemorySegment mapped =
          (MemorySegment)
              calls.mmap.invokeExact(
                  MemorySegment.NULL, size, PROT_READ_WRITE, MAP_PRIVATE_NORESERVE, descriptor, 0L);
      int closed = (int) calls.close.invokeExact(descriptor);
      assert closed == 0 : "close: " + closed;
      if (mapped.address() == -1) {
        throw new IOException(file + " cannot be mapped into memory");
      }
      MethodHandle munmap = calls.munmap;
      return mapped.reinterpret(size, Arena.ofAuto(), all -> unmap(munmap, all, size));
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing checked", e);
    }
  }

  private static void unmap(MethodHandle munmap, MemorySegment all, long size) {
    try {
      int status = (int) munmap.invokeExact(all, size);
      assert status == 0 : "munmap: " + status;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing checked", e);
    }
  }
}
