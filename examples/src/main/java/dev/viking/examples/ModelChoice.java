package dev.viking.examples;

import dev.viking.nn.Activation;
import dev.viking.nn.Flatten;
import dev.viking.nn.LeNet;
import dev.viking.nn.Linear;
import dev.viking.nn.ResNet;
import dev.viking.nn.Sequential;
import java.util.Arrays;
import java.util.List;

/** Networks for images in ten classes. */
enum ModelChoice {
  /** The paper's LeNet, 44,426 parameters, for images of [1, 28, 28]. */
  LENET(1, 28, 28),
  /** One hidden layer of 32 units, for images of any size; 25,450 parameters at [1, 28, 28]. */
  MLP,
  /** The paper's ResNet_small, 272,378 parameters, for images of [3, 32, 32]. */
  RESNET20(3, 32, 32);

  // Sizes of one image; 0 channels for any.
  private final int channels;
  private final int height;
  private final int width;

  ModelChoice() {
    this(0, 0, 0);
  }

  ModelChoice(int channels, int height, int width) {
    this.channels = channels;
    this.height = height;
    this.width = width;
  }

  /** The network of a name. */
  static ModelChoice of(String name) {
    return Choices.of("model", ModelChoice.class, name);
  }

  /** The network for some images, if it takes them. */
  Sequential model(ImageSets sets) {
    List<Integer> given =
        List.of(sets.train().channels(), sets.train().height(), sets.train().width());
    if (!takes(given)) {
      List<String> others =
          Arrays.stream(values()).filter(it -> it.takes(given)).map(ModelChoice::toString).toList();
      throw new UsageException(
          "--model: %s takes images of %s, those of %s are %s; %s is needed"
              .formatted(this, shape(), sets.name(), given, String.join(" or ", others)));
    }
    return switch (this) {
      case LENET -> LeNet.paper();
      case RESNET20 -> ResNet.cifar20();
      case MLP -> mlp(given);
    };
  }

  private boolean takes(List<Integer> images) {
    return channels == 0 || shape().equals(images);
  }

  private List<Integer> shape() {
    return List.of(channels, height, width);
  }

  private static Sequential mlp(List<Integer> images) {
    long[] sizes = images.stream().mapToLong(Integer::longValue).toArray();
    long inputs = Arrays.stream(sizes).reduce(1, Math::multiplyExact);
    return Sequential.of(
        sizes,
        List.of(
            new Flatten(),
            new Linear("fc1", inputs, 32),
            Activation.TANH,
            new Linear("fc2", 32, 10)));
  }

  @Override
  public String toString() {
    return Choices.key(this);
  }
}
