package dev.viking.posterior;

import dev.viking.nn.Model;
import dev.viking.nn.ParameterLayout;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Rng;
import dev.viking.torch.Tensor;

/**
 * A model whose structure the library cannot see, so that everything goes through the transforms.
 */
class OpaqueModel implements Model {
  private final Model inner;

  OpaqueModel(Model inner) {
    this.inner = inner;
  }

  @Override
  public ParameterLayout layout() {
    return inner.layout();
  }

  @Override
  public Tensor apply(Tensor parameters, Tensor inputs) {
    return inner.apply(parameters, inputs);
  }

  @Override
  public Tensor initialise(Rng rng, DType dtype, Device device) {
    return inner.initialise(rng, dtype, device);
  }
}
