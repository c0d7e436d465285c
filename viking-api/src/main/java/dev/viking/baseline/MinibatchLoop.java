package dev.viking.baseline;

import dev.viking.nn.Dropout;
import dev.viking.nn.Gradients;
import dev.viking.nn.Loss;
import dev.viking.nn.Model;
import dev.viking.posterior.EpochOrder;
import dev.viking.posterior.Stage;
import dev.viking.posterior.StepRecord;
import dev.viking.posterior.TrainingData;
import dev.viking.posterior.TrainingDivergedException;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;

/**
 * The loop over minibatches that methods share which are no trainer's: same order of examples for
 * the same seed, progress, stopping, and an error when the loss is no number any more.
 *
 * @param method the method's name, for messages
 * @param epochs how many
 * @param batchSize examples in a minibatch; a last one that is not full is left out
 */
record MinibatchLoop(String method, int epochs, int batchSize) {
  private static final int RECORD_EVERY = 20;

  /**
   * What a step is about.
   *
   * @param model in training mode, with the masks of this step where it drops units
   * @param loss of an example
   * @param examples of the minibatch
   * @param step counted over all epochs, from 0
   * @param steps of all epochs
   */
  record Minibatch(Model model, Loss loss, TrainingData.Batch examples, long step, long steps) {

    /** The mean loss and its gradient at some parameters, [D]. */
    Gradients.Result gradient(Tensor parameters) {
      return Gradients.mean(model, loss, parameters, examples.inputs(), examples.targets());
    }
  }

  /** One step, in a scope of its own. */
  interface Step {
    /**
     * Does the step.
     *
     * @param minibatch what it is about
     * @return the mean loss of the minibatch, 0-dimensional; read only now and then
     */
    Tensor run(Minibatch minibatch);
  }

  /** What happens after an epoch. */
  interface EpochEnd {
    void run(int epoch);
  }

  void run(FitContext context, Step step) {
    run(context, step, epoch -> {});
  }

  void run(FitContext context, Step step, EpochEnd end) {
    Model training = BatchNorms.training(context.model());
    long done = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
      EpochOrder order =
          new EpochOrder(context.seed(), Stage.MLE, epoch, context.data().size(), batchSize);
      TrainingData seen = context.data().inEpoch(order.key());
      long steps = (long) epochs * order.steps();
      long recordedAt = System.nanoTime();
      int since = 0;
      for (int i = 0; i < order.steps(); i++) {
        try (Scope _ = Scope.open()) {
          Model dropping = Dropout.training(training, Seeds.derive(context.seed(), done));
          Tensor loss =
              step.run(
                  new Minibatch(
                      dropping, context.loss(), seen.select(order.batch(i)), done, steps));
          done++;
          since++;
          if (i % RECORD_EVERY == 0 || i == order.steps() - 1) {
            long now = System.nanoTime();
            double speed = since * (double) order.batchSize() / ((now - recordedAt) * 1e-9);
            record(context, epoch, i, order.steps(), loss.item(), speed);
            recordedAt = now;
            since = 0;
          }
        }
        context.stopIfWanted(method);
      }
      end.run(epoch);
    }
  }

  private void record(
      FitContext context, int epoch, int step, int steps, double loss, double speed) {
    if (!Double.isFinite(loss)) {
      long dimension = context.model().layout().total();
      throw TrainingDivergedException.of(
          method
              + ": the loss is "
              + loss
              + " in epoch "
              + epoch
              + ", step "
              + step
              + "; a lower learning rate or step size is needed",
          context.model(),
          context.loss(),
          Tensor.zeros(new long[] {dimension}, context.dtype(), context.device()),
          context.data());
    }
    double none = Double.NaN;
    context
        .listener()
        .onStep(
            new StepRecord(
                Stage.MLE, epoch, step, steps, loss, loss, none, none, none, none, none, none,
                speed));
  }
}
