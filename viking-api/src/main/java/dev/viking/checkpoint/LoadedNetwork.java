package dev.viking.checkpoint;

import dev.viking.nn.Sequential;
import dev.viking.torch.Tensor;

/**
 * A network with the weights of a file.
 *
 * @param model the model that was given, with the file's statistics in its batch norms
 * @param parameters [D], for that model
 */
public record LoadedNetwork(Sequential model, Tensor parameters) {}
