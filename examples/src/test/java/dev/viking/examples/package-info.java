/** Tests of the command line and of the small programs. */
@NullMarked
package dev.viking.examples;

import org.jspecify.annotations.NullMarked;
