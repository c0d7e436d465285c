/** Tests of plots and text output. */
@NullMarked
package dev.viking.report;

import org.jspecify.annotations.NullMarked;
