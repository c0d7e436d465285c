package dev.viking.bindings;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * Writes a library that is inside a jar to a file, because only files can be loaded.
 *
 * <p>The file's name holds the SHA-256 of its content, so that versions do not meet and a file is
 * written once for all JVMs. It is written beside its place and then moved there in one step:
 * another JVM sees the whole file or none.
 */
final class NativeExtractor {
  private NativeExtractor() {}

  /**
   * Folders to extract to, best first: the user's cache folder, then the folder for temporary
   * files, which serves where the home is read-only, missing, or mounted so that nothing in it may
   * be executed.
   *
   * @return the folders; none has been touched
   */
  static List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    String cache = System.getenv("XDG_CACHE_HOME");
    if (cache != null && Path.of(cache).isAbsolute()) {
      folders.add(Path.of(cache, "viking", "native"));
    }
    String home = System.getProperty("user.home", "");
    if (!home.isEmpty() && Path.of(home).isAbsolute()) {
      folders.add(Path.of(home, ".cache", "viking", "native"));
    }
    String user = System.getProperty("user.name", "user").replaceAll("[^A-Za-z0-9._-]", "_");
    folders.add(Path.of(System.getProperty("java.io.tmpdir", "."), "viking-native-" + user));
    return folders;
  }

  /**
   * Makes sure that the folder has a file with the content.
   *
   * @param content the library
   * @param fileName its plain name, for example {@code libviking_native.so}
   * @param folder where to put it; created, for the user alone, when missing
   * @return the file, whose content has been checked
   * @throws IOException if the folder cannot be written, or others could change what is in it
   */
  static Path extract(byte[] content, String fileName, Path folder) throws IOException {
    createPrivate(folder);
    String digest = sha256(content);
    int dot = fileName.lastIndexOf('.');
    Path target =
        folder.resolve(
            fileName.substring(0, dot) + "-" + digest.substring(0, 32) + fileName.substring(dot));
    if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
        && Files.size(target) == content.length
        && sha256(Files.readAllBytes(target)).equals(digest)) {
      return target;
    }
    Path staged = Files.createTempFile(folder, ".staged-", ".tmp");
    try {
      Files.write(staged, content);
      Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(staged);
    }
    return target;
  }

  /** A library is code: the folder must belong to the user, and nobody else may write to it. */
  private static void createPrivate(Path folder) throws IOException {
    boolean posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
    if (!Files.exists(folder)) {
      Path parent = folder.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      try {
        if (posix) {
          Files.createDirectory(
              folder,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
          Files.createDirectory(folder);
        }
      } catch (FileAlreadyExistsException e) {
        // Another JVM made it first; the checks below decide.
      }
    }
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(folder + " is not a folder");
    }
    if (posix) {
      Set<PosixFilePermission> permissions =
          Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS);
      if (permissions.contains(PosixFilePermission.GROUP_WRITE)
          || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
        throw new IOException(folder + " can be written by other users");
      }
      // The owner of a file that this process just made is this process's user, whatever its name
      // is.
      Path probe = Files.createTempFile(folder, ".owner-", ".tmp");
      try {
        if (!Files.getOwner(probe).equals(Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS))) {
          throw new IOException(folder + " belongs to another user");
        }
      } finally {
        Files.deleteIfExists(probe);
      }
    }
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
