/**
 * How good and how well calibrated predicted class probabilities are: accuracy, two kinds of
 * negative log-likelihood, Brier score, and calibration errors, both in the usual definition and in
 * the one behind the paper's tables.
 *
 * <p>Everything is computed in double precision on the Java side, from arrays or from a tensor that
 * is copied first.
 */
@NullMarked
package dev.viking.metrics;

import org.jspecify.annotations.NullMarked;
