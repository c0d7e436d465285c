/** Tests of tensors, scopes, operators and memory. */
@NullMarked
package dev.viking.torch;

import org.jspecify.annotations.NullMarked;
