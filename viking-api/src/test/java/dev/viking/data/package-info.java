/** Tests of data sets and their order. */
@NullMarked
package dev.viking.data;

import org.jspecify.annotations.NullMarked;
