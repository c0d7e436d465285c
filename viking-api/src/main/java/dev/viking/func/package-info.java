/**
 * Transforms of ordinary Java functions over tensors: derivatives, vectorisation, and any nesting
 * of them.
 *
 * <p>{@link dev.viking.func.Func} has them all. A function takes tensors and returns tensors; it is
 * called on the caller's thread, possibly more than once, so it must not have side effects that may
 * not happen twice. Every transform may be used by any number of platform and virtual threads at
 * once.
 */
@NullMarked
package dev.viking.func;

import org.jspecify.annotations.NullMarked;
