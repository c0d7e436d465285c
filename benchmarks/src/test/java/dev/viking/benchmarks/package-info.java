/** Tests that the benchmarks compute what they claim to. */
@NullMarked
package dev.viking.benchmarks;

import org.jspecify.annotations.NullMarked;
