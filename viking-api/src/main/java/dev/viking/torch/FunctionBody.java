package dev.viking.torch;

import dev.viking.bindings.FunctionRegistry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A Java function as the native side calls it: lends it the inputs, gives its tensors a scope of
 * their own, and hands over what it returns. Exceptions go through to the registry, which keeps
 * them for the caller of the transform.
 */
final class FunctionBody implements FunctionRegistry.Callback {
  private final String transform;
  private final Transforms.Function function;

  FunctionBody(String transform, Transforms.Function function) {
    this.transform = transform;
    this.function = Objects.requireNonNull(function, transform + ": function");
  }

  @Override
  public int call(
      MemorySegment inputs, long numInputs, MemorySegment outputs, MemorySegment numOutputs) {
    Tensor[] lent = new Tensor[(int) numInputs];
    for (int i = 0; i < lent.length; i++) {
      lent[i] = Tensor.borrowed(inputs.getAtIndex(ValueLayout.JAVA_LONG, i));
    }
    Invoker invoker = Invoker.get();
    Scope scope = Scope.openBody(invoker);
    invoker.depth++;
    try {
      List<Tensor> results = function.apply(List.of(lent));
      requireClosedScopes(scope, invoker);
      handOver(results, scope, outputs);
      numOutputs.set(ValueLayout.JAVA_LONG, 0, results.size());
      return Status.OK;
    } catch (RerouteSignal signal) {
      return Status.REROUTE;
    } finally {
      invoker.depth--;
      scope.end();
      for (Tensor input : lent) {
        input.close();
      }
    }
  }

  private void requireClosedScopes(Scope scope, Invoker invoker) {
    if (invoker.scope != scope) {
      throw new ScopeException(
          transform + ": the function returned with a scope still open that it had opened");
    }
  }

  // A handle is given away for each output. An output that the body owns gives its own; anything
  // else (an input, a
  // captured tensor, the same tensor a second time) gives a second handle. On failure nothing is
  // given away.
  private void handOver(List<Tensor> results, Scope scope, MemorySegment outputs) {
    if (results == null) {
      throw new NullPointerException(transform + ": the function returned null");
    }
    int count = results.size();
    if (count > Transforms.MAX_OUTPUTS) {
      throw new ArgumentException(
          transform
              + ": the function returned "
              + count
              + " outputs; at most "
              + Transforms.MAX_OUTPUTS
              + " are possible");
    }
    for (int i = 0; i < count; i++) {
      Handles.open(results.get(i), transform + ": output " + i + " of the function");
    }
    long[] handles = new long[count];
    int done = 0;
    try {
      for (; done < count; done++) {
        Tensor result = results.get(done);
        boolean own = result.owner == scope && !result.isBorrowed();
        handles[done] =
            own && !comesAgain(results, done)
                ? result.take()
                : result.retain(transform + ": output " + done + " of the function");
      }
    } finally {
      if (done < count) {
        Invoker invoker = Invoker.get();
        Arrays.stream(handles, 0, done).forEach(invoker::release);
      }
    }
    MemorySegment.copy(handles, 0, outputs, ValueLayout.JAVA_LONG, 0, count);
  }

  private static boolean comesAgain(List<Tensor> results, int index) {
    Tensor result = results.get(index);
    for (int i = index + 1; i < results.size(); i++) {
      if (results.get(i) == result) {
        return true;
      }
    }
    return false;
  }
}
