/** JMH benchmarks of the library, each with a twin in Python or C++ that it is compared with. */
@NullMarked
package dev.viking.benchmarks;

import org.jspecify.annotations.NullMarked;
