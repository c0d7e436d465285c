package dev.viking.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

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
   * Makes sure that the folder has a file with the content.
   *
   * @param content the library
   * @param fileName its plain name, for example {@code libviking_native.so}
   * @param folder where to put it; created, for the user alone, when missing. It may be read-only
   *     when the file is there already
   * @return the file, whose content has been checked
   * @throws IOException if the folder cannot be written, or others could change what is in it
   */
  static Path extract(byte[] content, String fileName, Path folder) throws IOException {
    PrivateFolder.create(folder);
    String digest = HexFormat.of().formatHex(sha256().digest(content));
    int dot = fileName.lastIndexOf('.');
    Path target =
        folder.resolve(
            fileName.substring(0, dot) + "-" + digest.substring(0, 32) + fileName.substring(dot));
    if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
        && Files.size(target) == content.length
        && HexFormat.of().formatHex(sha256().digest(Files.readAllBytes(target))).equals(digest)) {
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

  /** A digest to start with. */
  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
