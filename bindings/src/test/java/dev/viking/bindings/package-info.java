/**
 * Tests of the bindings: header against generated code, loading in JVMs of their own, calls from
 * native code.
 */
@NullMarked
package dev.viking.bindings;

import org.jspecify.annotations.NullMarked;
