/** A posterior behind HTTP: the JDK's server, virtual threads, every queue bounded, metrics. */
@NullMarked
package dev.viking.examples.serving;

import org.jspecify.annotations.NullMarked;
