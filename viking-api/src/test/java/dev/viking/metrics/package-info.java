/** Tests of metrics. */
@NullMarked
package dev.viking.metrics;

import org.jspecify.annotations.NullMarked;
