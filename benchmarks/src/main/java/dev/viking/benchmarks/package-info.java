/**
 * Benchmarks: kernels that do one piece of work each, JMH classes that time the smallest of them,
 * and a worker that times any of them in turn with the same work in C++ and Python.
 */
@NullMarked
package dev.viking.benchmarks;

import org.jspecify.annotations.NullMarked;
