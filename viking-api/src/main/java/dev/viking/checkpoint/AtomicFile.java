package dev.viking.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Replaces a file in one step: the bytes go to a temporary file in the same folder, which is forced
 * to the device and then moved over the old one. A process that dies in between leaves the old file
 * as it was and a temporary file that the next write removes. A writer holds a lock on its
 * temporary file, so that only abandoned ones are removed.
 */
final class AtomicFile {
  private static final long CHUNK = 1L << 26;
  private static final String SUFFIX = ".tmp";

  // Temporary files of this process. They must not even be opened by its other writers: closing any
  // channel of a file
  // gives up all locks that the process holds on it (POSIX).
  private static final Set<Path> LIVE = ConcurrentHashMap.newKeySet();

  private AtomicFile() {}

  /** Writes the pieces one after another. */
  static void write(Path target, List<MemorySegment> pieces) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path parent = absolute.getParent();
    Path name = absolute.getFileName();
    if (parent == null || name == null) {
      throw new IOException(target + " has no folder to write to");
    }
    // The real path, so that one folder has one name among the live files.
    Path folder = Files.createDirectories(parent).toRealPath();
    removeAbandoned(folder, name.toString());
    boolean moved = false;
    while (!moved) {
      moved =
          attempt(
              absolute,
              folder.resolve(prefix(name.toString()) + UUID.randomUUID() + SUFFIX),
              pieces);
    }
    forceFolder(folder);
  }

  private static String prefix(String name) {
    return "." + name + ".";
  }

  private static boolean attempt(Path target, Path temporary, List<MemorySegment> pieces)
      throws IOException {
    boolean moved = false;
    LIVE.add(temporary);
    try (FileChannel channel =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      FileLock lock = channel.lock();
      if (!Files.exists(temporary)) {
        // Another writer took it for abandoned before the lock was held; start over.
        return false;
      }
      for (MemorySegment piece : pieces) {
        write(channel, piece);
      }
      channel.force(true);
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      moved = true;
      lock.release();
      return true;
    } finally {
      LIVE.remove(temporary);
      if (!moved) {
        Files.deleteIfExists(temporary);
      }
    }
  }

  private static void write(FileChannel channel, MemorySegment piece) throws IOException {
    for (long from = 0; from < piece.byteSize(); from += CHUNK) {
      long length = Math.min(CHUNK, piece.byteSize() - from);
      ByteBuffer buffer = piece.asSlice(from, length).asByteBuffer();
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    }
  }

  private static void removeAbandoned(Path folder, String name) throws IOException {
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(folder, file -> isTemporary(file, name))) {
      for (Path file : files) {
        if (!LIVE.contains(file)) {
          removeIfUnlocked(file);
        }
      }
    } catch (DirectoryIteratorException e) {
      // The folder cannot be listed; that is no reason not to write.
      return;
    }
  }

  private static boolean isTemporary(Path file, String name) {
    String given = String.valueOf(file.getFileName());
    return given.startsWith(prefix(name)) && given.endsWith(SUFFIX);
  }

  private static void removeIfUnlocked(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      if (lock != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | OverlappingFileLockException e) {
      // In use by another writer, or already gone: either way it is not ours to remove, and the
      // write can go on.
      return;
    }
  }

  private static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Some systems cannot open folders; there the move is as durable as the system makes it.
      return;
    }
  }
}
