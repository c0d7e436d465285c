/** Tests of the predictors for services. */
@NullMarked
package dev.viking.serving;

import org.jspecify.annotations.NullMarked;
