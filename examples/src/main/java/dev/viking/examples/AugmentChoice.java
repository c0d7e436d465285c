package dev.viking.examples;

import dev.viking.data.Augmentation;
import dev.viking.data.FlipCrop;
import dev.viking.data.RandomShift;

/** How training images are changed at random. */
enum AugmentChoice {
  /** As the paper does with such images: mirrored and cropped in color, else not at all. */
  AUTO,
  /** Not at all. */
  NONE,
  /** Moved by up to two pixels. */
  SHIFT,
  /** Mirrored left to right, and moved. */
  FLIP_SHIFT,
  /** Mirrored left to right, and cropped. */
  FLIP_CROP;

  private static final int SHIFT_PIXELS = 2;

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
    return switch (resolved) {
      case AUTO, NONE -> Augmentation.NONE;
      case SHIFT -> new RandomShift(SHIFT_PIXELS, false);
      case FLIP_SHIFT -> new RandomShift(SHIFT_PIXELS, true);
      case FLIP_CROP -> FlipCrop.paper();
    };
  }

  @Override
  public String toString() {
    return Choices.key(this);
  }
}
