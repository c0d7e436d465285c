package dev.viking.checkpoint;

import dev.viking.torch.VikingException;
import java.io.Serial;

/** The arrays of a file do not fit the parameters of a model; the message is the whole report. */
public class StateDictException extends VikingException {
  @Serial private static final long serialVersionUID = 1L;

  /** What fits and what does not; not part of the serialised form. */
  private final transient StateDictReport report;

  /**
   * Makes the exception.
   *
   * @param message which file, and what to do
   * @param report what fits and what does not
   */
  public StateDictException(String message, StateDictReport report) {
    super(message + "\n" + report);
    this.report = report;
  }

  /**
   * What fits and what does not.
   *
   * @return the report
   */
  public StateDictReport report() {
    return report;
  }
}
