/** Tests of transforms of Java functions. */
@NullMarked
package dev.viking.func;

import org.jspecify.annotations.NullMarked;
