package dev.viking.bindings;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A library is code: its folder must belong to the user, and nobody else may write to it. */
final class PrivateFolder {
  private static final Path SELF = Path.of("/proc/self");

  private PrivateFolder() {}

  /**
   * Makes the folder when it is missing, for the user alone, and checks it.
   *
   * @throws IOException if it cannot be made, or others could change what is in it
   */
  static void create(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      Path parent = folder.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      try {
        if (posix(folder)) {
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
    check(folder);
  }

  /**
   * Checks a folder that need not be writable: one that an image was built with may be read-only.
   *
   * @throws IOException if it is no folder, or others could change what is in it
   */
  static void check(Path folder) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(folder + " is not a folder");
    }
    if (!posix(folder)) {
      return;
    }
    Set<PosixFilePermission> permissions =
        Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS);
    if (permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException(folder + " can be written by other users");
    }
    if (!ownedByUserOrRoot(folder)) {
      throw new IOException(folder + " belongs to another user");
    }
  }

  private static boolean posix(Path folder) {
    return folder.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static boolean ownedByUserOrRoot(Path folder) throws IOException {
    if (Files.exists(SELF)) {
      // The owner of a process's entry is its user, whatever that user's name is, if any.
      Object owner = Files.getAttribute(folder, "unix:uid", LinkOption.NOFOLLOW_LINKS);
      if (owner.equals(0) || owner.equals(Files.getAttribute(SELF, "unix:uid"))) {
        return true;
      }
    }
    // So is the owner of a file that this process just made.
    Path probe = Files.createTempFile(folder, ".owner-", ".tmp");
    try {
      return Files.getOwner(probe).equals(Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS));
    } finally {
      Files.deleteIfExists(probe);
    }
  }
}
