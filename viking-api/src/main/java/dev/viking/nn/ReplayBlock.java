package dev.viking.nn;

import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * Columns that are formed anew for each use, where memory is short: the layer's rows exist only
 * while it is their turn. Reads what the layer's tape saved, so the linearisation must stay open.
 */
final class ReplayBlock extends Block {
  private final Tape tape;
  private final Tensor cotangents;
  private final long groups;
  private final List<Parameter> parameters;
  private final long start;
  private final long size;

  ReplayBlock(Tape tape, Tensor cotangents, long groups, List<Parameter> parameters, long start) {
    this.tape = tape;
    this.cotangents = cotangents;
    this.groups = groups;
    this.parameters = parameters;
    this.start = start;
    this.size = parameters.stream().mapToLong(Parameter::size).sum();
  }

  @Override
  void addProduct(Tensor vectors, Tensor products) {
    try (Scope _ = Scope.open()) {
      replay().addProduct(vectors, products);
    }
  }

  @Override
  void addTransposeProduct(Tensor vectors, Tensor weights, double scale) {
    try (Scope _ = Scope.open()) {
      replay().addTransposeProduct(vectors, weights, scale);
    }
  }

  @Override
  void addGram(Tensor gram) {
    try (Scope _ = Scope.open()) {
      replay().addGram(gram);
    }
  }

  @Override
  void writeRows(Tensor jacobian) {
    tape.rows(cotangents, groups, slices(jacobian.narrow(1, start, size)));
  }

  @Override
  List<Tensor> held() {
    return List.of(cotangents);
  }

  @Override
  String form() {
    return "formed anew for each use";
  }

  private Block replay() {
    Tensor matrix =
        Tensor.empty(
            new long[] {cotangents.size(0), size}, cotangents.dtype(), cotangents.device());
    tape.rows(cotangents, groups, slices(matrix));
    return new DenseBlock(matrix, start);
  }

  private List<Tensor> slices(Tensor matrix) {
    return matrix.splitWithSizes(parameters.stream().mapToLong(Parameter::size).toArray(), 1);
  }
}
