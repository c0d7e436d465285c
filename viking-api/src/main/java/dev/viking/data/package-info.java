/**
 * Data sets: image sets in IDX files, a drawn set of digits that needs no download, two small sets
 * with known structure, and the order in which a training loop visits examples.
 *
 * <p>Everything random here takes a seed and gives the same numbers on every machine. Files are
 * read with bounded memory and refused with {@link dev.viking.data.MalformedDataException} when
 * anything about them is wrong.
 */
@NullMarked
package dev.viking.data;

import org.jspecify.annotations.NullMarked;
