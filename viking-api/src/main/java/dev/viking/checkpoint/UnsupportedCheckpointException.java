package dev.viking.checkpoint;

import dev.viking.torch.VikingException;
import java.io.Serial;
import java.nio.file.Path;

/**
 * A file is an intact checkpoint, but not of the kind or version that is asked for. The message
 * names the file, what it is, and what is needed.
 */
public class UnsupportedCheckpointException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param file the file that was read
   * @param reason what was given and what is needed
   */
  public UnsupportedCheckpointException(Path file, String reason) {
    super(file + ": " + reason);
  }
}
