package dev.viking.nn;

import java.util.ArrayList;
import java.util.List;

/** Networks that draw images. */
public final class ImageDecoder {
  private ImageDecoder() {}

  /**
   * The decoder of the VIKING paper's variational autoencoder for faces: a linear layer from 64
   * latent numbers to 256 channels of 8x8, a convolution to 128 channels, three times an
   * enlargement by two and a convolution to 64, 32 and 16 channels, and one to three colours, with
   * ELU between them. Kernels are 4x4 with SAME padding, the odd zero after the image.
   *
   * <p>It has 1,762,291 parameters, named {@code fc.weight}, {@code fc.bias}, {@code conv1.weight},
   * ..., {@code conv5.bias}. The linear layer's outputs are channels first (the paper's code:
   * channels last, a permutation of them).
   *
   * @return the model, for inputs [B, 64]; outputs are images [3, 64, 64] as vectors of 12,288
   */
  public static Sequential celebA() {
    List<Layer> layers = new ArrayList<>();
    layers.add(new Linear("fc", 64, 16_384));
    layers.add(Activation.ELU);
    layers.add(Unflatten.of(256, 8, 8));
    long[] channels = {256, 128, 64, 32, 16};
    long size = 8;
    for (int i = 1; i < channels.length; i++) {
      if (i > 1) {
        layers.add(new Upsample2d(2));
        size *= 2;
      }
      layers.add(convolution("conv" + i, channels[i - 1], channels[i], size));
      layers.add(Activation.ELU);
    }
    layers.add(convolution("conv5", 16, 3, size));
    layers.add(new Flatten());
    return Sequential.of(new long[] {64}, layers);
  }

  private static Conv2d convolution(String name, long inputs, long outputs, long size) {
    return new Conv2d(name, inputs, outputs, Window.of(4).same(size, size));
  }
}
