package dev.viking.data;

import dev.viking.torch.VikingException;
import java.io.Serial;
import java.nio.file.Path;

/**
 * A data file does not hold what its format requires. The message says where, what was given, and
 * what is needed.
 */
public class MalformedDataException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /** The path as it was given. */
  private final String file;

  /** Byte position after unpacking. */
  private final long offset;

  /** What the file holds. */
  private final String given;

  /** What the format requires. */
  private final String needed;

  /**
   * Makes the exception.
   *
   * @param file the file that was read
   * @param offset position in the unpacked bytes at which reading stopped making sense
   * @param given what the file holds there
   * @param needed what the format requires there
   */
  public MalformedDataException(Path file, long offset, String given, String needed) {
    super(file + ": at byte " + offset + ": given " + given + "; needed " + needed);
    this.file = file.toString();
    this.offset = offset;
    this.given = given;
    this.needed = needed;
  }

  /**
   * The file.
   *
   * @return the path as it was given to the reader
   */
  public String file() {
    return file;
  }

  /**
   * The place of the fault.
   *
   * @return byte position after unpacking
   */
  public long offset() {
    return offset;
  }

  /**
   * What was found.
   *
   * @return a description of the file's content
   */
  public String given() {
    return given;
  }

  /**
   * What the format asks for.
   *
   * @return a description of what would have been right
   */
  public String needed() {
    return needed;
  }
}
