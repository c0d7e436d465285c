package dev.viking.checkpoint;

import dev.viking.torch.VikingException;
import java.io.Serial;
import java.nio.file.Path;

/**
 * A file is no intact checkpoint. The message names the file, what it holds, and what the format
 * needs.
 */
public class MalformedCheckpointException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /** The path as it was given. */
  private final String file;

  /** What was given and what is needed. */
  private final String reason;

  /**
   * Makes the exception.
   *
   * @param file the file that was read
   * @param reason what was given and what is needed
   */
  public MalformedCheckpointException(Path file, String reason) {
    super(file + " is not an intact checkpoint: " + reason);
    this.file = file.toString();
    this.reason = reason;
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
   * The fault.
   *
   * @return what was given and what is needed
   */
  public String reason() {
    return reason;
  }
}
