/**
 * Tensors of libtorch, their memory, and every operator of libtorch by name.
 *
 * <p>{@link dev.viking.torch.Tensor} is a handle to a native tensor and has typed methods for the
 * operators that models and linear algebra need; {@link dev.viking.torch.Op} calls any other
 * operator by its schema name. A {@link dev.viking.torch.Scope} frees all tensors that were made
 * while it was current. Everything may be called from any number of platform and virtual threads,
 * except where a class says otherwise. All failures are typed: see {@link
 * dev.viking.torch.VikingException}.
 */
@NullMarked
package dev.viking.torch;

import org.jspecify.annotations.NullMarked;
