package dev.viking.torch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Arrays of native handles, for calls that take or return several tensors. */
final class Handles {
  private Handles() {}

  /** The handle of an open tensor. */
  static long open(@Nullable Tensor tensor, String operation) {
    if (tensor == null) {
      throw new NullPointerException(operation + " is null");
    }
    tensor.requireOpen(operation);
    return tensor.rawHandle();
  }

  /** The handles of open tensors, at least one. */
  static MemorySegment of(List<Tensor> tensors, String operation, String what, Arena arena) {
    Objects.requireNonNull(tensors, operation + ": " + what);
    int count = tensors.size();
    if (count == 0) {
      throw new ArgumentException(operation + ": the list of " + what + "s is empty");
    }
    MemorySegment handles = arena.allocate(8L * count, 8);
    for (int i = 0; i < count; i++) {
      long handle = open(tensors.get(i), operation + ": " + what + " " + i);
      handles.setAtIndex(ValueLayout.JAVA_LONG, i, handle);
    }
    return handles;
  }

  /** Takes over handles that the native side gave away. */
  static List<Tensor> adopt(MemorySegment handles, long from, long count, Invoker invoker) {
    Tensor[] tensors = new Tensor[(int) count];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] = new Tensor(handles.getAtIndex(ValueLayout.JAVA_LONG, from + i), invoker);
    }
    return List.of(tensors);
  }
}
