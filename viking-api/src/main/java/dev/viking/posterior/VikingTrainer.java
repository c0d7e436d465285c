package dev.viking.posterior;

import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.torch.DTypeException;
import dev.viking.torch.DeviceException;
import dev.viking.torch.Scope;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import java.util.Arrays;

/**
 * Trains a posterior in the three stages of the authors' experiments: maximum likelihood; then the
 * two scales alone; then mean and scales together, with stochastic alternating projections through
 * the epochs.
 *
 * <p>A run is a function of its options, data and seed: stopped anywhere and resumed from its last
 * state it gives the same bits as one that was never stopped (on the same machine with the same
 * number of threads). Immutable; runs in the calling thread.
 */
public final class VikingTrainer {
  private final Model model;
  private final Model dataModel;
  private final Loss loss;
  private final TrainerOptions options;
  private final TrainingListener listener;

  /**
   * A trainer that nobody watches.
   *
   * @param model the network
   * @param loss the negative log-likelihood of one example
   * @param options how to train
   */
  public VikingTrainer(Model model, Loss loss, TrainerOptions options) {
    this(model, loss, options, TrainingListener.NONE);
  }

  /**
   * A trainer.
   *
   * @param model the network
   * @param loss the negative log-likelihood of one example
   * @param options how to train
   * @param listener told about steps and epochs, writes checkpoints, may stop the run
   */
  public VikingTrainer(Model model, Loss loss, TrainerOptions options, TrainingListener listener) {
    this(model, model, loss, options, listener);
  }

  private VikingTrainer(
      Model model, Model dataModel, Loss loss, TrainerOptions options, TrainingListener listener) {
    this.model = model;
    this.dataModel = dataModel;
    this.loss = loss;
    this.options = options;
    this.listener = listener;
  }

  /**
   * A trainer whose objective has a network of its own in the data term, see {@link Elbo}: for
   * batch norms, the same network in training mode. The first stage trains the trainer's own
   * network.
   *
   * @param other the network of the data term of the second and third stage; as many parameters
   * @return a trainer that differs in this only
   */
  public VikingTrainer withDataModel(Model other) {
    return new VikingTrainer(model, other, loss, options, listener);
  }

  /**
   * Trains from the model's own initialisation.
   *
   * @param data the training examples
   * @return the posterior, in the caller's current scope
   * @throws TrainingDivergedException when the objective becomes NaN or infinite
   */
  public TrainingResult train(TrainingData data) {
    try (Scope scope = Scope.open();
        TrainingRun run =
            new TrainingRun(model, dataModel, loss, options, listener, data, null, null)) {
      return run.run().keepIn(scope);
    }
  }

  /**
   * Trains from given parameters; with no epochs in the first stage this puts a posterior around a
   * network that is trained already.
   *
   * @param data the training examples
   * @param initialMean [D] of the options' type, on their device; copied
   * @return the posterior, in the caller's current scope
   * @throws ShapeException when the vector is not of the model's size
   * @throws DTypeException when its type is not the options'
   * @throws DeviceException when it is not on the options' device
   * @throws TrainingDivergedException when the objective becomes NaN or infinite
   */
  public TrainingResult train(TrainingData data, Tensor initialMean) {
    if (initialMean.dim() != 1 || initialMean.size(0) != model.layout().total()) {
      throw new ShapeException(
          "VikingTrainer.train: initialMean has shape "
              + Arrays.toString(initialMean.shape())
              + "; ["
              + model.layout().total()
              + "] is needed");
    }
    if (initialMean.dtype() != options.dtype()) {
      throw new DTypeException(
          "VikingTrainer.train: initialMean holds "
              + initialMean.dtype()
              + "; the options need "
              + options.dtype());
    }
    if (!initialMean.device().equals(options.device())) {
      throw new DeviceException(
          "VikingTrainer.train: initialMean is on "
              + initialMean.device()
              + "; the options need "
              + options.device());
    }
    try (Scope scope = Scope.open();
        TrainingRun run =
            new TrainingRun(model, dataModel, loss, options, listener, data, initialMean, null)) {
      return run.run().keepIn(scope);
    }
  }

  /**
   * Goes on from a saved state.
   *
   * @param data the same training examples
   * @param state what a trainer of the same model and options handed to {@link
   *     TrainingListener#onCheckpoint}; not changed
   * @return the posterior, in the caller's current scope
   * @throws dev.viking.torch.ArgumentException when the state is not one of this trainer's
   * @throws TrainingDivergedException when the objective becomes NaN or infinite
   */
  public TrainingResult resume(TrainingData data, TrainerState state) {
    try (Scope scope = Scope.open();
        TrainingRun run =
            new TrainingRun(model, dataModel, loss, options, listener, data, null, state)) {
      return run.run().keepIn(scope);
    }
  }
}
