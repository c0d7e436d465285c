/** Tests of the posterior, its objective and its training. */
@NullMarked
package dev.viking.posterior;

import org.jspecify.annotations.NullMarked;
