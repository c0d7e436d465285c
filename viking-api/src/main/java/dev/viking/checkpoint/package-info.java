/**
 * Named arrays and short texts in one file, in the safetensors format, so that other programs can
 * open it.
 *
 * <p>Writing replaces the old file in one step: whatever happens in between, a reader finds either
 * the old content or the new one. Reading trusts nothing: a file that departs from the format is
 * refused with {@link dev.viking.checkpoint.MalformedCheckpointException} before anything is
 * allocated for what it claims.
 */
@NullMarked
package dev.viking.checkpoint;

import org.jspecify.annotations.NullMarked;
