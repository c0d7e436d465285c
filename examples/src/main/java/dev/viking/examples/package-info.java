/** The {@code viking} command line and small programs that show how the library is used. */
@NullMarked
package dev.viking.examples;

import org.jspecify.annotations.NullMarked;
