/**
 * Predictions with a posterior inside a service: compiled to native loops, without garbage, from
 * any number of threads, with every queue bounded.
 *
 * <p>{@link dev.viking.serving.CompiledPredictor} predicts, {@link dev.viking.serving.Prediction}
 * is the storage that results are written to again and again, and {@link
 * dev.viking.serving.MicroBatcher} gathers the requests of many callers.
 */
@NullMarked
package dev.viking.serving;

import org.jspecify.annotations.NullMarked;
