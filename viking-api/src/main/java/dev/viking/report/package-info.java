/**
 * Results for people and for other programs: plots as PNG files, metrics as JSON, aligned tables of
 * text, and reports as single HTML files.
 *
 * <p>Plots need no display; unless the property {@code java.awt.headless} is set, the first plot
 * sets it to true. Everything works on plain arrays.
 */
@NullMarked
package dev.viking.report;

import org.jspecify.annotations.NullMarked;
