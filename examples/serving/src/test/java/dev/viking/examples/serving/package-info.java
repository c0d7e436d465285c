/** Tests of the serving example. */
@NullMarked
package dev.viking.examples.serving;

import org.jspecify.annotations.NullMarked;
