package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Columns that are formed anew for each use, where memory is short: a layer's rows exist only while
 * it is their turn, those of a large convolution a few output channels at a time. Reads what the
 * layer's tape saved, so the linearisation must stay open.
 */
final class ReplayBlock extends Block {
  private final Tape tape;
  private final Tensor cotangents;
  private final long groups;
  private final List<Parameter> parameters;
  private final long start;
  private final long size;
  private final long pieces;

  /**
   * A layer's columns from {@code start} on.
   *
   * @param pieceBytes what may be formed at once; at least one output channel is
   */
  ReplayBlock(
      Tape tape,
      Tensor cotangents,
      long groups,
      List<Parameter> parameters,
      long start,
      long pieceBytes) {
    this.tape = tape;
    this.cotangents = cotangents;
    this.groups = groups;
    this.parameters = parameters;
    this.start = start;
    this.size = parameters.stream().mapToLong(Parameter::size).sum();
    long bytes = cotangents.size(0) * size * cotangents.dtype().byteSize();
    this.pieces =
        Math.clamp(Math.ceilDiv(bytes, Math.max(1, pieceBytes)), 1, Math.toIntExact(tape.parts()));
  }

  @Override
  void addProduct(Tensor vectors, Tensor products) {
    replay(block -> block.addProduct(vectors, products));
  }

  @Override
  void addTransposeProduct(Tensor vectors, Tensor weights, double scale) {
    replay(block -> block.addTransposeProduct(vectors, weights, scale));
  }

  @Override
  void addGram(Tensor gram) {
    replay(block -> block.addGram(gram));
  }

  @Override
  void addGrams(Tensor grams, ColumnGroups groups) {
    replay(block -> block.addGrams(grams, groups));
  }

  @Override
  boolean takesAnyGroups() {
    return true;
  }

  @Override
  boolean isIndependent() {
    return false;
  }

  @Override
  void writeRows(Tensor jacobian) {
    long[] sizes = parameters.stream().mapToLong(Parameter::size).toArray();
    tape.rows(cotangents, groups, jacobian.narrow(1, start, size).splitWithSizes(sizes, 1));
  }

  @Override
  List<Tensor> held() {
    return List.of(cotangents);
  }

  @Override
  long start() {
    return start;
  }

  @Override
  long size() {
    return size;
  }

  @Override
  String form() {
    return "formed anew for each use" + (pieces > 1 ? ", in " + pieces + " pieces" : "");
  }

  private void replay(Consumer<Block> use) {
    long channels = tape.parts();
    long most = Math.ceilDiv(channels, pieces);
    for (long first = 0; first < channels; first += most) {
      long count = Math.min(most, channels - first);
      try (Scope _ = Scope.open()) {
        if (pieces == 1) {
          rows(tape, cotangents, 0, 1, 1).forEach(use);
        } else {
          rows(tape.part(first, count), cotangents.narrow(1, first, count), first, count, channels)
              .forEach(use);
        }
      }
      if (pieces == 1) {
        return;
      }
    }
  }

  /** The columns of each parameter for the channels {@code [first, first + count)}. */
  private List<Block> rows(Tape part, Tensor cotangent, long first, long count, long channels) {
    List<Tensor> matrices = new ArrayList<>();
    List<Block> blocks = new ArrayList<>();
    long column = start;
    for (Parameter parameter : parameters) {
      long each = parameter.size() / channels;
      Tensor matrix =
          Tensor.empty(
              new long[] {cotangents.size(0), count * each},
              cotangents.dtype(),
              cotangents.device());
      matrices.add(matrix);
      blocks.add(new DenseBlock(matrix, column + first * each));
      column += parameter.size();
    }
    part.rows(cotangent, groups, matrices);
    return blocks;
  }
}
