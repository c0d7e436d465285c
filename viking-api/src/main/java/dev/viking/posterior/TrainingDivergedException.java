package dev.viking.posterior;

import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import dev.viking.torch.VikingException;
import java.io.Serial;
import java.util.stream.IntStream;

/** The objective became NaN or infinite; the last checkpoint is from before. */
public class TrainingDivergedException extends VikingException {
  private static final int BLOCK = 1024;

  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param message where it happened and what to try
   */
  public TrainingDivergedException(String message) {
    super(message);
  }

  /**
   * The exception for an objective that is not finite, unless a target of the data explains that:
   * on other devices than the CPU nothing has looked at labels until now.
   *
   * @param message where it happened and what to try
   * @param model the network
   * @param loss what was trained with
   * @param parameters [D]; where they are and of which type counts, not what they hold
   * @param data what was trained on
   * @return the exception, to be thrown
   * @throws dev.viking.torch.IndexException when a label is out of range
   */
  public static TrainingDivergedException of(
      String message, Model model, Loss loss, Tensor parameters, TrainingData data) {
    try (Scope _ = Scope.open()) {
      // One example's outputs tell the shape of all.
      Tensor one = model.apply(parameters, data.select(new int[] {0}).inputs());
      for (int first = 0; first < data.size(); first += BLOCK) {
        try (Scope _ = Scope.open()) {
          int[] indices = IntStream.range(first, Math.min(data.size(), first + BLOCK)).toArray();
          loss.checkValues(one.expand(indices.length, -1), data.select(indices).targets());
        }
      }
    }
    return new TrainingDivergedException(message);
  }
}
