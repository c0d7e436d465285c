/** Tests of checkpoints. */
@NullMarked
package dev.viking.checkpoint;

import org.jspecify.annotations.NullMarked;
