/** Tests of the methods of inference. */
@NullMarked
package dev.viking.baseline;

import org.jspecify.annotations.NullMarked;
