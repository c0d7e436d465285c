package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the form of each layer's columns.
 *
 * <p>Factors cost less than rows in memory and in the Gram matrix, and the same in products. Yet
 * rows of a small layer cost hardly anything, and those of neighbours make one matrix: fewer calls
 * than factors take. Rows that would exceed the limit are formed anew for each use; the smallest
 * are the first to be kept, since they are the most layers for the memory.
 */
final class BlockPlanner {
  // Elements of rows below which rows beat factors; measured with LeNet's last layer at batch 32.
  private static final long SMALL = 1L << 15;

  private final long rows;
  private final long columns;
  private final long groups;
  private final Tensor like;
  private final List<Part> parts = new ArrayList<>();
  private long next;

  private static final class Part {
    final Tape tape;
    final Tensor cotangent;
    final List<Parameter> parameters;
    final String name;
    final long start;
    final long size;
    boolean keepRows;

    Part(Tape tape, Tensor cotangent, List<Parameter> parameters, long start) {
      this.tape = tape;
      this.cotangent = cotangent;
      this.parameters = parameters;
      this.name = prefix(parameters.getFirst().name());
      this.start = start;
      this.size = parameters.stream().mapToLong(Parameter::size).sum();
    }

    private static String prefix(String parameter) {
      int dot = parameter.lastIndexOf('.');
      return dot < 0 ? parameter : parameter.substring(0, dot);
    }
  }

  BlockPlanner(long rows, long columns, long groups, Tensor like) {
    this.rows = rows;
    this.columns = columns;
    this.groups = groups;
    this.like = like;
  }

  /** Adds a layer with parameters; in the order of the flat vector. */
  void add(Tape tape, Tensor cotangent, List<Parameter> parameters) {
    Part part = new Part(tape, cotangent, parameters, next);
    next += part.size;
    parts.add(part);
  }

  /** Makes the blocks in the current scope. */
  BatchJacobian build(long memoryLimit) {
    List<@Nullable Block> factored = new ArrayList<>();
    long left = memoryLimit;
    for (Part part : parts) {
      Block block =
          rows * part.size <= SMALL ? null : part.tape.factored(part.cotangent, groups, part.start);
      factored.add(block);
      left -= block == null ? 0 : block.bytes();
    }
    long pieces = keepSmallest(factored, left);
    return join(factored, pieces);
  }

  /** Chooses what to keep; returns the bytes left for what is formed anew. */
  private long keepSmallest(List<@Nullable Block> factored, long budget) {
    List<Part> candidates = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      if (factored.get(i) == null) {
        candidates.add(parts.get(i));
      }
    }
    candidates.sort(Comparator.comparingLong(part -> part.size));
    long all = candidates.stream().mapToLong(this::bytes).sum();
    // Where not all of them fit, a quarter is set aside for those that are not kept.
    long left = all <= budget ? budget : budget - budget / 4;
    long kept = 0;
    for (Part part : candidates) {
      part.keepRows = kept + bytes(part) <= left;
      kept += part.keepRows ? bytes(part) : 0;
    }
    return budget - kept;
  }

  private long bytes(Part part) {
    return rows * part.size * like.dtype().byteSize();
  }

  private BatchJacobian join(List<@Nullable Block> factored, long pieceBytes) {
    List<Block> blocks = new ArrayList<>();
    List<String> names = new ArrayList<>();
    int i = 0;
    while (i < parts.size()) {
      Part part = parts.get(i);
      Block known = factored.get(i);
      int end = i + 1;
      if (known != null) {
        blocks.add(known);
      } else if (!part.keepRows) {
        blocks.add(
            new ReplayBlock(
                part.tape,
                part.cotangent.detach(),
                groups,
                part.parameters,
                part.start,
                pieceBytes));
      } else {
        while (end < parts.size() && parts.get(end).keepRows) {
          end++;
        }
        blocks.add(rows(parts.subList(i, end)));
      }
      names.add(end == i + 1 ? part.name : part.name + " to " + parts.get(end - 1).name);
      i = end;
    }
    return new BatchJacobian(blocks, names, rows, columns, like);
  }

  private Block rows(List<Part> run) {
    long size = run.stream().mapToLong(part -> part.size).sum();
    Tensor matrix = Tensor.empty(new long[] {rows, size}, like.dtype(), like.device());
    long[] sizes =
        run.stream().flatMap(part -> part.parameters.stream()).mapToLong(Parameter::size).toArray();
    List<Tensor> slices = matrix.splitWithSizes(sizes, 1);
    int first = 0;
    for (Part part : run) {
      int count = part.parameters.size();
      // Windows and products of one layer are freed before those of the next are made.
      try (Scope _ = Scope.open()) {
        part.tape.rows(part.cotangent, groups, slices.subList(first, first + count));
      }
      first += count;
    }
    return new DenseBlock(matrix, run.getFirst().start);
  }
}
