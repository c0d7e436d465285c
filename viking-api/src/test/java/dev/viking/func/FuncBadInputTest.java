package dev.viking.func;

import static dev.viking.func.References.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.viking.torch.ArgumentException;
import dev.viking.torch.ClosedException;
import dev.viking.torch.DType;
import dev.viking.torch.EscapedTensorException;
import dev.viking.torch.LiveHandles;
import dev.viking.torch.Scope;
import dev.viking.torch.ScopeException;
import dev.viking.torch.ShapeException;
import dev.viking.torch.Tensor;
import dev.viking.torch.UnsupportedTransformException;
import dev.viking.torch.VikingException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bad functions and bad inputs of the transforms: the right exception, and everything still works
 * after it.
 */
@ExtendWith(LiveHandles.class)
class FuncBadInputTest {
  private static final double[] X = {0.3, -1.1, 2.0};

  private Scope scope;
  private Tensor x;
  private Tensor v;

  @BeforeEach
  void open() {
    scope = Scope.open();
    x = Tensor.of(X);
    v = Tensor.of(1.0, 1.0, 1.0);
  }

  @AfterEach
  void close() {
    assertThat(Scope.current()).isSameAs(scope);
    assertClose(Func.jvp(Tensor::sin, x, v).tangent(), i -> Math.cos(X[i]));
    assertClose(Func.grad(z -> z.sin().sum(), x), i -> Math.cos(X[i]));
    assertClose(Func.vmap(Tensor::sin).apply(x), i -> Math.sin(X[i]));
    scope.close();
  }

  private static Stream<Arguments> transforms() {
    return Stream.of(
        transform("jvp", (f, z) -> Func.jvp(f, z, z)),
        transform("vjp", Func::vjp),
        transform("grad", Func::grad),
        transform("vmap", (f, z) -> Func.vmap(f).apply(z)),
        transform("jacrev", Func::jacrev),
        transform("jacfwd", Func::jacfwd),
        transform("hvp", (f, z) -> Func.hvp(f, z, z)),
        transform("hvp", (f, z) -> Func.hvp(f, z, z, HvpMode.FORWARD_OVER_REVERSE)));
  }

  /** Applies a transform and drops the result. */
  @FunctionalInterface
  interface Transform {
    Object apply(TensorFunction f, Tensor x);
  }

  private static Arguments transform(String name, Transform transform) {
    return Arguments.of(name, transform);
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> Tensor sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("transforms")
  void whateverTheFunctionThrowsArrivesAsItself(String name, Transform transform) {
    for (Throwable thrown :
        List.of(
            new IllegalStateException("unchecked"),
            new IOException("checked"),
            new AssertionError("error"),
            new ShapeException("ours"))) {
      long before = scope.size();
      assertThatThrownBy(
              () ->
                  transform.apply(
                      z -> {
                        Tensor left = z.mul(2.0);
                        assertThat(left.isClosed()).isFalse();
                        return FuncBadInputTest.<RuntimeException>sneaky(thrown);
                      },
                      x))
          .as(name)
          .isSameAs(thrown);
      assertThat(scope.size()).isEqualTo(before);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("transforms")
  void exceptionsPassThroughNestedTransforms(String name, Transform transform) {
    IllegalStateException thrown = new IllegalStateException("deep inside");
    assertThatThrownBy(
            () ->
                Func.jvp(
                    outer ->
                        Func.vmap(
                                row -> {
                                  transform.apply(
                                      z -> {
                                        throw thrown;
                                      },
                                      row.reshape(1));
                                  return row;
                                })
                            .apply(outer),
                    x,
                    v))
        .as(name)
        .isSameAs(thrown);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("transforms")
  @SuppressWarnings("NullAway") // null is the point
  void nullOutputsAreRefused(String name, Transform transform) {
    assertThatThrownBy(() -> transform.apply(z -> null, x))
        .isExactlyInstanceOf(NullPointerException.class)
        .hasMessageContaining(name);
  }

  @Test
  @SuppressWarnings("NullAway") // null is the point
  void nullListsAndEntriesAreRefused() {
    assertThatThrownBy(() -> Func.vjp(in -> null, List.of(x)))
        .isExactlyInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> Func.vjp(in -> Arrays.asList(in.getFirst(), null), List.of(x)))
        .isExactlyInstanceOf(NullPointerException.class)
        .hasMessageContaining("output 1");
    assertThatThrownBy(() -> Func.grad((TensorFunction) null, x))
        .isExactlyInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> Func.grad(Tensor::sum, (Tensor) null))
        .isExactlyInstanceOf(NullPointerException.class)
        .hasMessageContaining("x");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("transforms")
  void escapedTensorsAreRefused(String name, Transform transform) {
    List<Tensor> escaped = new ArrayList<>();
    transform.apply(
        z -> {
          escaped.add(z);
          escaped.add(z.mul(2.0));
          return z.sum();
        },
        x);
    assertThat(escaped).hasSizeGreaterThanOrEqualTo(2);
    for (Tensor tensor : escaped) {
      assertThatThrownBy(() -> tensor.add(1.0))
          .as(name)
          .isInstanceOf(EscapedTensorException.class)
          .hasMessageContaining("aten::add");
      assertThatThrownBy(tensor::toDoubleArray).isInstanceOf(EscapedTensorException.class);
    }
  }

  @Test
  void tensorsKeptOutOfTheFunctionAreRefusedByUse() {
    List<Tensor> kept = new ArrayList<>();
    Func.grad(
        z -> {
          Scope body = java.util.Objects.requireNonNull(Scope.current());
          assertThatThrownBy(() -> body.keep(z)).isInstanceOf(EscapedTensorException.class);
          kept.add(body.keep(z.mul(2.0)));
          return z.sum();
        },
        x);
    assertThatThrownBy(() -> kept.getFirst().add(1.0)).isInstanceOf(EscapedTensorException.class);
  }

  @Test
  void whatAFunctionOwnsCannotBeReleased() {
    Func.grad(
        z -> {
          for (Tensor tensor : List.of(z, z.mul(2.0))) {
            assertThatThrownBy(() -> Scope.release(tensor))
                .isInstanceOf(EscapedTensorException.class)
                .hasMessageContaining("Scope.release");
          }
          return z.sum();
        },
        x);
  }

  @Test
  void tensorsOfAFunctionAreRefusedOnAnotherThread() {
    Func.grad(
        z -> {
          for (Tensor tensor : List.of(z, z.mul(2.0))) {
            assertThatThrownBy(
                    () -> CompletableFuture.runAsync(() -> tensor.add(1.0).close()).join())
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(EscapedTensorException.class);
          }
          return z.sum();
        },
        x);
  }

  @Test
  void pullbacksOfAFunctionAreRefusedOutside() {
    List<Vjp> escaped = new ArrayList<>();
    Func.grad(
        z -> {
          escaped.add(Func.vjp(Tensor::sin, z));
          return z.sum();
        },
        x);
    assertThatThrownBy(() -> escaped.getFirst().pullback(v))
        .isInstanceOfAny(EscapedTensorException.class, ClosedException.class);
  }

  @Test
  void closedInputsAndPullbacksAreRefused() {
    Tensor closed = Tensor.of(X);
    closed.close();
    assertThatThrownBy(() -> Func.jvp(Tensor::sin, closed, v))
        .isInstanceOf(ClosedException.class)
        .hasMessageContaining("jvp: primal 0");
    assertThatThrownBy(() -> Func.jvp(Tensor::sin, x, closed))
        .isInstanceOf(ClosedException.class)
        .hasMessageContaining("jvp: tangent 0");
    assertThatThrownBy(() -> Func.grad(z -> closed.sum(), x)).isInstanceOf(ClosedException.class);
    assertThatThrownBy(() -> Func.grad(z -> closed, x))
        .isInstanceOf(ClosedException.class)
        .hasMessageContaining("output 0");
    Vjp vjp = Func.vjp(Tensor::sin, x);
    assertThatThrownBy(() -> vjp.pullback(closed)).isInstanceOf(ClosedException.class);
    vjp.close();
    assertThatThrownBy(() -> vjp.pullback(v)).isInstanceOf(ClosedException.class);
    Vjp scoped;
    try (Scope _ = Scope.open()) {
      scoped = Func.vjp(Tensor::sin, x);
    }
    assertThatThrownBy(() -> scoped.pullback(v)).isInstanceOf(ClosedException.class);
  }

  @Test
  void unfitTangentsAndCotangentsAreRefused() {
    Tensor shorter = Tensor.of(1.0, 1.0);
    Tensor narrow = v.to(DType.FLOAT32);
    refuse(() -> Func.jvp(Tensor::sin, x, shorter));
    refuse(() -> Func.jvp(Tensor::sin, x, narrow));
    refuse(() -> Func.hvp(z -> z.sin().sum(), x, shorter));
    refuse(() -> Func.hvp(z -> z.sin().sum(), x, narrow));
    try (Vjp vjp = Func.vjp(Tensor::sin, x)) {
      refuse(() -> vjp.pullback(shorter));
      refuse(() -> vjp.pullback(narrow));
      assertClose(vjp.pullback(v), i -> Math.cos(X[i]));
    }
    try (VjpN vjp = Func.vjp(in -> List.of(in.getFirst().sin()), List.of(x))) {
      assertThatThrownBy(() -> vjp.pullback(List.of(v, v)))
          .isInstanceOf(ArgumentException.class)
          .hasMessageContaining("2 cotangents for 1 outputs");
    }
    assertThatThrownBy(() -> Func.jvp(in -> in, List.of(x), List.of(v, v)))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("2 tangents for 1 primals");
  }

  private static void refuse(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(VikingException.class).hasMessageContaining("3");
  }

  @Test
  void outputsThatAreNotScalarAreRefusedByGrad() {
    assertThatThrownBy(() -> Func.grad(Tensor::sin, x)).isInstanceOf(VikingException.class);
    assertThatThrownBy(() -> Func.hvp(Tensor::sin, x, v)).isInstanceOf(VikingException.class);
    assertThatThrownBy(() -> Func.grad(z -> z.gt(0.0).sum(), x))
        .isInstanceOf(VikingException.class);
    assertThatThrownBy(() -> Func.grad(in -> List.of(), List.of(x)))
        .isInstanceOf(VikingException.class);
    assertThatThrownBy(() -> Func.grad(z -> z.to(DType.FLOAT64).sum(), Tensor.of(1, 2)))
        .isInstanceOf(VikingException.class);
  }

  @Test
  void unfitBatchesAreRefused() {
    Tensor matrix = Tensor.zeros(DType.FLOAT64, 2, 3);
    TensorsFunction sum = in -> List.of(in.get(0).add(in.get(1)));
    List<Tensor> both = List.of(matrix, x);
    Consumer<VmapOptions> refused =
        options ->
            assertThatThrownBy(() -> Func.vmap(sum, options).apply(both))
                .isInstanceOf(VikingException.class);
    refused.accept(VmapOptions.defaults());
    refused.accept(VmapOptions.defaults().inDims(null, null));
    refused.accept(VmapOptions.defaults().inDims(0));
    refused.accept(VmapOptions.defaults().inDims(5, null));
    refused.accept(VmapOptions.defaults().inDims(0, null).outDims(7));
    refused.accept(VmapOptions.defaults().inDims(0, null).outDims(0, 0, 0));
    assertThatThrownBy(() -> VmapOptions.defaults().chunkSize(-1))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("-1");
    assertThatThrownBy(() -> VmapOptions.defaults().outDims())
        .isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> Func.jacrev(Tensor::sin, x, -1)).isInstanceOf(ArgumentException.class);
    assertThatThrownBy(() -> Func.vmap(Tensor::sin).apply(Tensor.scalar(1, DType.FLOAT64)))
        .isInstanceOf(VikingException.class);
    assertThatThrownBy(() -> Func.vmap(z -> Tensor.of(z.item())).apply(x))
        .isInstanceOf(VikingException.class);
    assertThatThrownBy(() -> Func.vmap(in -> in, VmapOptions.defaults()).apply(List.of()))
        .isInstanceOf(ArgumentException.class)
        .hasMessageContaining("empty");
  }

  @Test
  void scopesAroundAndInsideAFunctionAreGuarded() {
    Func.grad(
        z -> {
          assertThatThrownBy(scope::close)
              .isInstanceOf(ScopeException.class)
              .hasMessageContaining("function");
          Scope body = java.util.Objects.requireNonNull(Scope.current());
          assertThatThrownBy(body::close).isInstanceOf(ScopeException.class);
          return z.sum();
        },
        x);
    assertThat(x.isClosed()).isFalse();
    assertThatThrownBy(
            () ->
                Func.grad(
                    z -> {
                      Scope left = Scope.open();
                      Tensor sum = z.sum();
                      return left.keep(sum);
                    },
                    x))
        .isInstanceOf(ScopeException.class)
        .hasMessageContaining("still open");
  }

  @Test
  void functionsWithoutEndAreRefusedAndTheJvmLives() {
    assertThatThrownBy(() -> forever(x))
        .isExactlyInstanceOf(UnsupportedTransformException.class)
        .hasMessageContaining("60 deep");
  }

  private static Tensor forever(Tensor z) {
    return Func.grad(y -> forever(y).sum(), z);
  }

  @Test
  void swallowingTheRerouteSignalDoesNoHarm() {
    TensorFunction f =
        z -> {
          try {
            return z.layerNorm(new long[] {3}, null, null, 1e-5).pow(3);
          } catch (Throwable anything) {
            return z.mul(1000.0);
          }
        };
    TensorFunction honest = z -> z.layerNorm(new long[] {3}, null, null, 1e-5).pow(3);
    Tensor tangent = Func.jvp(f, x, v).tangent();
    assertClose(tangent, Func.jvp(honest, x, v).tangent().toDoubleArray(), 1e-12);
  }
}
