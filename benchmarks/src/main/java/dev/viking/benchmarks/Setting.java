package dev.viking.benchmarks;

/**
 * What a kernel works on. In a kernel's name it follows an {@code @}: {@code
 * viking_step@lenet/32/16} is a step of LeNet with 32 examples and 16 samples, {@code
 * sampling@lenet/256/100/2048} sends 100 samples through blocks of 256 out of 2048 images.
 *
 * @param model the model's name, see {@link Models#of}
 * @param batch B, examples in the batch or block
 * @param samples S, vectors or Monte-Carlo samples
 * @param images N, examples of a data set, for the kernels that go through one
 */
public record Setting(String model, int batch, int samples, int images) {
  /** LeNet with 32 examples and one sample. */
  public static final Setting DEFAULT = new Setting("lenet", 32, 1, 128);

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException when a number is not positive
   */
  public Setting {
    if (batch < 1 || samples < 1 || images < 1) {
      throw new IllegalArgumentException(
          "a setting's batch, samples and images are "
              + batch
              + ", "
              + samples
              + " and "
              + images
              + "; positive numbers are needed");
    }
  }

  /**
   * Reads a setting.
   *
   * @param text {@code MODEL/B/S} or {@code MODEL/B/S/N}; without N, N is four batches
   * @return the setting
   * @throws IllegalArgumentException when the text is another
   */
  public static Setting parse(String text) {
    String[] parts = text.split("/", -1);
    if (parts.length != 3 && parts.length != 4) {
      throw new IllegalArgumentException(
          "the setting is '" + text + "'; MODEL/B/S or MODEL/B/S/N is needed");
    }
    int batch = Integer.parseInt(parts[1]);
    int images = parts.length == 4 ? Integer.parseInt(parts[3]) : 4 * batch;
    return new Setting(parts[0], batch, Integer.parseInt(parts[2]), images);
  }
}
