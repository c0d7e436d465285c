package dev.viking.serving;

import dev.viking.torch.StackedNetwork;

/** What a network's outputs mean, and so which statistics a prediction has. */
public enum Likelihood {
  /** Values: mean and variance only. */
  REGRESSION(StackedNetwork.Link.IDENTITY),
  /** Logits of C classes that exclude each other. */
  CATEGORICAL(StackedNetwork.Link.SOFTMAX),
  /** Logits of C independent events; entropies are summed over them. */
  BERNOULLI(StackedNetwork.Link.SIGMOID);

  private final StackedNetwork.Link link;

  Likelihood(StackedNetwork.Link link) {
    this.link = link;
  }

  StackedNetwork.Link link() {
    return link;
  }

  /**
   * Whether predictions have probabilities, entropy and mutual information.
   *
   * @return true for all but regression
   */
  public boolean hasProbabilities() {
    return this != REGRESSION;
  }
}
