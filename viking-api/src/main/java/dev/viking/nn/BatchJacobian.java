package dev.viking.nn;

import dev.viking.internal.Arguments;
import dev.viking.torch.DType;
import dev.viking.torch.Device;
import dev.viking.torch.Scope;
import dev.viking.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The loss or function Jacobian J of a batch, [n, D], kept layer by layer in the form that costs
 * least: linear layers as the factors of their outer products, others as rows, and as nothing at
 * all, to be formed anew for each use, where rows would exceed the memory limit. A model without
 * layers that the library knows is one such part: rows, or nothing.
 *
 * <p>Products with J and its transpose take all S vectors at once. Made by {@link
 * Linearisation#lossRows} and {@link Linearisation#functionRows}. What it holds belongs to the
 * scope that was current then; {@link #close} frees it earlier. It may outlive the linearisation
 * where {@link #isIndependent}. Results belong to the caller's current scope. Immutable; several
 * threads may use it where it is independent.
 */
public final class BatchJacobian implements AutoCloseable {
  private final List<Block> blocks;
  private final List<String> names;
  private final long rows;
  private final long columns;
  private final DType dtype;
  private final Device device;

  /**
   * A Jacobian of blocks that cover all columns.
   *
   * @param names what each block belongs to, for {@link #toString}
   */
  BatchJacobian(List<Block> blocks, List<String> names, long rows, long columns, Tensor like) {
    this.blocks = List.copyOf(blocks);
    this.names = List.copyOf(names);
    this.rows = rows;
    this.columns = columns;
    this.dtype = like.dtype();
    this.device = like.device();
  }

  /**
   * Number of rows.
   *
   * @return n: B for the loss Jacobian, B * C for the function Jacobian
   */
  public long rows() {
    return rows;
  }

  /**
   * Number of columns.
   *
   * @return D
   */
  public long columns() {
    return columns;
  }

  /**
   * Element type of J and of the vectors it takes.
   *
   * @return the parameters' type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * Where J lies.
   *
   * @return the parameters' device
   */
  public Device device() {
    return device;
  }

  /**
   * J times each of several vectors.
   *
   * @param vectors [S, D]
   * @return [S, n]
   * @throws dev.viking.torch.ShapeException when the shape is another
   * @throws dev.viking.torch.DTypeException when the element type is not that of J
   * @throws dev.viking.torch.DeviceException when the device is not that of J
   */
  public Tensor product(Tensor vectors) {
    check("product", "vectors", vectors, columns);
    try (Scope scope = Scope.open()) {
      Tensor products = Tensor.zeros(new long[] {vectors.size(0), rows}, dtype, device);
      blocks.forEach(block -> block.addProduct(vectors, products));
      return scope.keep(products);
    }
  }

  /**
   * The transpose of J times each of several vectors.
   *
   * @param weights [S, n]
   * @return [S, D]
   * @throws dev.viking.torch.ShapeException when the shape is another
   * @throws dev.viking.torch.DTypeException when the element type is not that of J
   * @throws dev.viking.torch.DeviceException when the device is not that of J
   */
  public Tensor transposeProduct(Tensor weights) {
    check("transposeProduct", "weights", weights, rows);
    Tensor vectors = Tensor.zeros(new long[] {weights.size(0), columns}, dtype, device);
    addTransposeProduct(vectors, weights, 1);
    return vectors;
  }

  /**
   * Adds {@code scale J^T w} to vectors in place.
   *
   * @param vectors [S, D], changed; rows must be contiguous
   * @param weights w, [S, n]
   * @param scale any number
   * @throws dev.viking.torch.ShapeException when a shape is another
   * @throws dev.viking.torch.DTypeException when an element type is not that of J
   * @throws dev.viking.torch.DeviceException when a device is not that of J
   */
  public void addTransposeProduct(Tensor vectors, Tensor weights, double scale) {
    check("addTransposeProduct", "vectors", vectors, columns);
    check("addTransposeProduct", "weights", weights, rows);
    Checks.shape("BatchJacobian.addTransposeProduct", "weights", weights, vectors.size(0), rows);
    try (Scope _ = Scope.open()) {
      blocks.forEach(block -> block.addTransposeProduct(vectors, weights, scale));
    }
  }

  /**
   * The Gram matrix, layer by layer.
   *
   * @return J J^T, [n, n], float64
   */
  public Tensor gram() {
    try (Scope scope = Scope.open()) {
      Tensor gram = Tensor.zeros(new long[] {rows, rows}, DType.FLOAT64, device);
      for (Block block : blocks) {
        try (Scope _ = Scope.open()) {
          block.addGram(gram);
        }
      }
      return scope.keep(gram);
    }
  }

  /**
   * The Gram matrices of groups of columns, layer by layer; their sum is {@link #gram}.
   *
   * @param sizes how many columns each of the G groups has, in their order; together D. Groups that
   *     part a layer make it form the layer's rows
   * @return J_g J_g^T, [G, n, n], float64
   * @throws dev.viking.torch.ArgumentException when a group is empty or the sizes do not add up
   */
  public Tensor grams(long... sizes) {
    Arguments.parts("BatchJacobian.grams", "sizes", sizes, columns);
    ColumnGroups groups = ColumnGroups.ofSizes(sizes);
    try (Scope scope = Scope.open()) {
      Tensor grams = Tensor.zeros(new long[] {sizes.length, rows, rows}, DType.FLOAT64, device);
      for (Block block : blocks) {
        try (Scope _ = Scope.open()) {
          inGroups(block, groups).addGrams(grams, groups);
        }
      }
      return scope.keep(grams);
    }
  }

  private Block inGroups(Block block, ColumnGroups groups) {
    if (block.takesAnyGroups() || groups.holdTogether(block.start(), block.size())) {
      return block;
    }
    Tensor whole = Tensor.empty(new long[] {rows, columns}, dtype, device);
    block.writeRows(whole);
    return new DenseBlock(whole.narrow(1, block.start(), block.size()), block.start());
  }

  /**
   * The matrix itself, whatever its size.
   *
   * @return J, [n, D]
   */
  public Tensor dense() {
    try (Scope scope = Scope.open()) {
      Tensor matrix = Tensor.empty(new long[] {rows, columns}, dtype, device);
      blocks.forEach(block -> block.writeRows(matrix));
      return scope.keep(matrix);
    }
  }

  /**
   * What this holds, without what it shares with the linearisation.
   *
   * @return bytes
   */
  public long bytes() {
    return blocks.stream().mapToLong(Block::bytes).sum();
  }

  /**
   * Whether this may outlive the linearisation it came from.
   *
   * @return false when some rows are formed anew for each use
   */
  public boolean isIndependent() {
    return blocks.stream().allMatch(Block::isIndependent);
  }

  /**
   * Lets the Jacobian outlive a scope.
   *
   * @param scope the scope that owns it, or one around that
   * @return this Jacobian
   */
  public BatchJacobian keepIn(Scope scope) {
    blocks.forEach(block -> scope.keep(block.held()));
    return this;
  }

  /** Frees what this holds. Closing again does nothing. */
  @Override
  public void close() {
    blocks.forEach(block -> block.held().forEach(Tensor::close));
  }

  private void check(String operation, String name, Tensor tensor, long size) {
    String method = "BatchJacobian." + operation;
    Checks.shape(method, name, tensor, -1, size);
    Checks.dtype(method, name, tensor, dtype);
    Checks.device(method, name, tensor, device);
  }

  /** What was chosen for which layer. */
  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < blocks.size(); i++) {
      parts.add(names.get(i) + " " + blocks.get(i).form());
    }
    return parts.stream()
        .collect(Collectors.joining(", ", "BatchJacobian[" + rows + ", " + columns + "](", ")"));
  }
}
