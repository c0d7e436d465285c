package dev.viking.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every typed operator method against something independent, and none forgotten. */
@ExtendWith(LiveHandles.class)
class TypedOperatorsTest {
  private static final Class<?>[] THEMES = {
    TensorArithmetic.class,
    TensorFunctions.class,
    TensorActivations.class,
    TensorComparisons.class,
    TensorReductions.class,
    TensorShaping.class,
    TensorIndexing.class,
    TensorMatrix.class,
    TensorNeural.class,
    TensorInPlace.class
  };

  private static Stream<OperatorCase> cases() {
    return Stream.of(
            PointwiseCases.all(),
            ReductionCases.all(),
            ShapingCases.all(),
            IndexingCases.all(),
            MatrixCases.all(),
            NeuralCases.all(),
            InPlaceCases.all())
        .flatMap(java.util.List::stream);
  }

  @TestFactory
  Stream<DynamicTest> givesWhatItShould() {
    return cases()
        .map(
            example ->
                DynamicTest.dynamicTest(
                    example.method(),
                    () -> {
                      try (Scope scope = Scope.open()) {
                        example.check().run();
                        assertThat(Scope.current()).isSameAs(scope);
                      }
                    }));
  }

  @Test
  void everyMethodHasACase() {
    Set<String> methods = new TreeSet<>();
    for (Class<?> theme : THEMES) {
      for (Method method : theme.getDeclaredMethods()) {
        if (Modifier.isPublic(method.getModifiers()) && !method.isSynthetic()) {
          methods.add(signature(method));
        }
      }
    }
    Set<String> checked = cases().map(OperatorCase::method).collect(Collectors.toSet());
    assertThat(methods).hasSizeGreaterThanOrEqualTo(120);
    assertThat(checked).containsAll(methods);
    assertThat(methods).containsAll(checked);
  }

  private static String signature(Method method) {
    return Arrays.stream(method.getParameterTypes())
        .map(Class::getSimpleName)
        .collect(Collectors.joining(",", method.getName() + "(", ")"));
  }
}
