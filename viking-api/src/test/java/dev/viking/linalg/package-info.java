/** Tests of operators, solvers and the kernel projection. */
@NullMarked
package dev.viking.linalg;

import org.jspecify.annotations.NullMarked;
