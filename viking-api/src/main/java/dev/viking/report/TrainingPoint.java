package dev.viking.report;

/**
 * What was measured at one step of training.
 *
 * @param step number of the step, ascending
 * @param loss the objective
 * @param kl the Kullback-Leibler term, NaN where there is none
 * @param rank estimated rank of the kernel projection, NaN where there is none
 * @param residual relative residual of the projection, NaN where there is none
 * @param sigmaKernel standard deviation in the kernel, NaN where there is none
 * @param sigmaImage standard deviation in the image, NaN where there is none
 */
public record TrainingPoint(
    long step,
    double loss,
    double kl,
    double rank,
    double residual,
    double sigmaKernel,
    double sigmaImage) {}
