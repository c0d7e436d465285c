package dev.viking.posterior;

/**
 * What one training step did. In the MLE stage the posterior's fields are NaN.
 *
 * @param stage the stage
 * @param epoch the epoch of the stage, from 0
 * @param step the step of the epoch, from 0
 * @param stepsPerEpoch steps in an epoch
 * @param loss the minimised objective of this minibatch (a mean over examples in the MLE stage,
 *     else the ELBO's sum)
 * @param expectation the data term per example
 * @param kl KL(q || p), not weighted
 * @param rank R, the kernel's dimension as estimated
 * @param imageDimension D - R
 * @param residual |J k| / |J u| of the projection
 * @param scaleKernel sigma_ker after the step
 * @param scaleImage sigma_im after the step
 * @param examplesPerSecond since the last record
 */
public record StepRecord(
    Stage stage,
    int epoch,
    int step,
    int stepsPerEpoch,
    double loss,
    double expectation,
    double kl,
    double rank,
    double imageDimension,
    double residual,
    double scaleKernel,
    double scaleImage,
    double examplesPerSecond) {}
