package dev.viking.nn;

import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Looks up a vector for each integer token: [positions] to [positions, features]. Only the first
 * layer of a model can be one; the model's inputs are then int64 tokens, [B, positions].
 *
 * @param name prefix of its parameter's name, {@code name.weight}, [tokens, features]
 * @param tokens number of different tokens, which are 0 to {@code tokens - 1}; at least 1
 * @param features size of a token's vector, at least 1
 */
public record Embedding(String name, long tokens, long features) implements Layer {
  /**
   * Checks the sizes.
   *
   * @throws dev.viking.torch.ArgumentException when a size is less than 1
   */
  public Embedding {
    Checks.positive("Embedding", "tokens", tokens);
    Checks.positive("Embedding", "features", features);
  }

  @Override
  public List<Parameter> parameters() {
    // As in Flax, a vector has about unit norm to start with.
    return List.of(
        new Parameter(name + ".weight", Parameter.Kind.WEIGHT, features, tokens, features));
  }

  @Override
  public long[] outputShape(long[] inputShape) {
    if (inputShape.length != 1) {
      throw new ShapeException(
          "Embedding \""
              + name
              + "\": an example of shape "
              + Arrays.toString(inputShape)
              + " given, [positions] needed");
    }
    return new long[] {inputShape[0], features};
  }

  @Override
  public Tensor apply(List<Tensor> parameters, Tensor inputs) {
    return parameters.get(0).embedding(inputs);
  }
}
