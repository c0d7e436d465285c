package dev.viking.posterior;

/** Makes step records; reads the numbers from the device. */
final class Records {
  private Records() {}

  static StepRecord mle(TrainingRun run, double loss, int steps, double speed) {
    return new StepRecord(
        run.stage,
        run.epoch,
        run.step,
        steps,
        loss,
        loss,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        Double.NaN,
        speed);
  }

  static StepRecord elbo(TrainingRun run, ElboResult result, EpochOrder order, double speed) {
    double imageDimension = result.imageDimension().item();
    return new StepRecord(
        run.stage,
        run.epoch,
        run.step,
        order.steps(),
        result.loss().item(),
        result.expectation().item() / order.batchSize(),
        result.kl().item(),
        run.posterior.dimension() - imageDimension,
        imageDimension,
        result.residual().item(),
        run.posterior.scaleKernel(),
        run.posterior.scaleImage(),
        speed);
  }
}
