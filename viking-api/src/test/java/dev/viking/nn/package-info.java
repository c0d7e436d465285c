/** Tests of models, losses, optimisers and their derivatives. */
@NullMarked
package dev.viking.nn;

import org.jspecify.annotations.NullMarked;
