package dev.viking.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes several libraries that belong together, and may be large, to one folder.
 *
 * <p>The folder's name holds a digest of what the jars' directories say about the content (names,
 * sizes, checksums), so that a later start need not read hundreds of megabytes to know that they
 * are there. It is filled under another name and moved in one step: another JVM sees all files or
 * none. A lock lets the second of two JVMs that start at once wait instead of doing the same work;
 * where locks do not work, both do it and the first wins.
 */
final class FolderExtractor {
  private static final long LOCK_POLL_MILLIS = 10;

  private final List<JarResource> resources;
  private final Path parent;
  private final String name;

  /**
   * An extraction.
   *
   * @param resources what to extract
   * @param prefix how the folder's name begins
   * @param parent where the folder shall be
   */
  FolderExtractor(List<JarResource> resources, String prefix, Path parent) {
    MessageDigest digest = NativeExtractor.sha256();
    resources.forEach(resource -> resource.identify(digest));
    this.resources = List.copyOf(resources);
    this.parent = parent;
    this.name = prefix + "-" + HexFormat.of().formatHex(digest.digest()).substring(0, 32);
  }

  /**
   * Makes sure that the folder is there with every file in full.
   *
   * @return the folder
   * @throws IOException if the files cannot be written, or others could change them, or a jar is
   *     damaged
   */
  Path extract() throws IOException {
    PrivateFolder.create(parent);
    Path target = parent.resolve(name);
    if (whole(target)) {
      return target;
    }
    Path lockFile = parent.resolve("." + name + ".lock");
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = lock(channel)) {
      if (lock != null) {
        if (whole(target)) {
          return target;
        }
        removeAbandoned();
      }
      return write(target);
    }
  }

  /**
   * Null where the file system has no locks: then several may write, and the first one wins.
   *
   * <p>A lock that another thread of this JVM holds is waited for like that of another JVM. Who
   * went on without it would have what it writes taken for abandoned by the thread that holds it.
   */
  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    while (true) {
      try {
        return channel.lock();
      } catch (OverlappingFileLockException e) {
        pause();
      } catch (IOException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
        return null;
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(LOCK_POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the lock of the folder");
    }
  }

  private Path write(Path target) throws IOException {
    Path staged = Files.createDirectory(parent.resolve(staging() + UUID.randomUUID()));
    try {
      for (JarResource resource : resources) {
        copy(resource, staged.resolve(resource.fileName()));
      }
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        if (whole(target)) {
          return target;
        }
        // Cut off by whatever happened to the disk: out of the way, then replaced.
        Path damaged = parent.resolve(staging() + UUID.randomUUID());
        Files.move(target, damaged, StandardCopyOption.ATOMIC_MOVE);
        remove(damaged);
      }
      try {
        Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        // Another JVM was first; a folder that is not empty is never replaced.
        if (!whole(target)) {
          throw e;
        }
      }
      return target;
    } finally {
      remove(staged);
    }
  }

  private static void copy(JarResource resource, Path file) throws IOException {
    CRC32 crc = new CRC32();
    try (InputStream stream = new CheckedInputStream(resource.open(), crc)) {
      Files.copy(stream, file);
    }
    if (Files.size(file) != resource.size() || crc.getValue() != resource.crc()) {
      throw new IOException(resource.url() + " is damaged: its content has another checksum");
    }
  }

  private boolean whole(Path folder) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    for (JarResource resource : resources) {
      Path file = folder.resolve(resource.fileName());
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          || Files.size(file) != resource.size()) {
        return false;
      }
    }
    return true;
  }

  private String staging() {
    return ".staged-" + name + "-";
  }

  /** What a JVM that died left behind; only while the lock is held. */
  private void removeAbandoned() throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(parent, staging() + "*")) {
      for (Path folder : left) {
        remove(folder);
      }
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(folder);
  }
}
