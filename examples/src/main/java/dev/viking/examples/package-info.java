/**
 * The {@code viking} command line, and small programs that show the library at work.
 *
 * <p>{@link dev.viking.examples.Main} starts the command line. {@link
 * dev.viking.examples.PerExampleGradients}, {@link dev.viking.examples.JacobianOfLambda} and {@link
 * dev.viking.examples.CurvatureAlongDirection} are programs of their own, each executed by a test.
 */
@NullMarked
package dev.viking.examples;

import org.jspecify.annotations.NullMarked;
