package dev.viking.baseline;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Features of many inputs, so many at a time. */
final class FeatureChunks {
  private static final long CHUNK = 500;

  private FeatureChunks() {}

  /** [N, W], in the caller's current scope. */
  static Tensor of(LastLayer layer, Tensor parameters, Tensor inputs) {
    try (Scope scope = Scope.open()) {
      List<Tensor> chunks = new ArrayList<>();
      for (long first = 0; first < inputs.size(0); first += CHUNK) {
        long length = Math.min(CHUNK, inputs.size(0) - first);
        chunks.add(layer.features(parameters, inputs.narrow(0, first, length)));
      }
      return scope.keep(Tensor.cat(chunks, 0));
    }
  }
}
