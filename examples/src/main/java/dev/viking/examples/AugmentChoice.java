package dev.viking.examples;

import dev.viking.data.Augmentation;
import dev.viking.data.FlipCrop;

/** How training images are changed at random. */
enum AugmentChoice {
  /** As the paper does with such images: mirrored and cropped in color, else not at all. */
  AUTO,
  /** Not at all. */
  NONE,
  /** Mirrored left to right, and cropped. */
  FLIP_CROP;

  /** The choice of a name. */
  static AugmentChoice of(String name) {
    return Choices.of("augment", AugmentChoice.class, name);
  }

  /** What it is for images of so many channels. */
  AugmentChoice resolved(int channels) {
    return this == AUTO ? (channels == 3 ? FLIP_CROP : NONE) : this;
  }

  /** The augmentation. */
  static Augmentation augmentation(AugmentChoice resolved) {
    return resolved == FLIP_CROP ? FlipCrop.paper() : Augmentation.NONE;
  }

  @Override
  public String toString() {
    return Choices.key(this);
  }
}
