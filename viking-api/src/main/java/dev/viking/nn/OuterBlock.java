package dev.viking.nn;

import dev.viking.torch.DType;
import dev.viking.torch.Tensor;
import java.util.List;

/**
 * The columns of a linear layer, never formed: row r is the outer product of the cotangent {@code
 * d_r} of its outputs and the inputs {@code a_b} of its example, followed by {@code d_r} for the
 * bias.
 *
 * <p>So {@code J v} costs what a forward pass with the weights v costs, {@code <row, row'> = <d,
 * d'> (<a, a'> + 1)}, and what is kept is the size of the activations instead of n times that of
 * the weights.
 */
final class OuterBlock extends Block {
  private final Tensor inputs;
  private final Tensor cotangents;
  private final boolean bias;
  private final long start;
  private final long batch;
  private final long groups;
  private final long columns;
  private final long outputs;

  /**
   * The columns from {@code start} on.
   *
   * @param inputs [B, columns]
   * @param cotangents [B * groups, outputs], example-major
   * @param bias whether the layer has one
   */
  OuterBlock(Tensor inputs, Tensor cotangents, long groups, boolean bias, long start) {
    this.inputs = inputs;
    this.cotangents = cotangents;
    this.bias = bias;
    this.start = start;
    this.batch = inputs.size(0);
    this.groups = groups;
    this.columns = inputs.size(1);
    this.outputs = cotangents.size(1);
  }

  @Override
  void addProduct(Tensor vectors, Tensor products) {
    long samples = vectors.size(0);
    if (usesOwnKernels(samples)) {
      NativeOps.ADD_OUTER_PRODUCTS_.call(products, inputs, cotangents, vectors, start, bias);
      return;
    }
    Tensor weights = weights(vectors);
    if (samples == 1 && groups == 1) {
      Tensor forward =
          inputs.linear(weights.select(0, 0), bias ? biases(vectors).select(0, 0) : null);
      products.select(0, 0).add_(forward.mul_(cotangents).sum(1, false));
      return;
    }
    Tensor repeated = inputs.unsqueeze(0).expand(samples, -1, -1);
    Tensor transposed = weights.transpose(1, 2);
    Tensor forward =
        bias
            ? biases(vectors).unsqueeze(1).baddbmm(repeated, transposed, 1, 1)
            : repeated.bmm(transposed);
    if (groups == 1) {
      products.add_(forward.mul_(cotangents).sum(2, false));
    } else {
      Tensor perExample = cotangents.view(batch, groups, outputs).bmm(forward.permute(1, 2, 0));
      products.add_(perExample.flatten(0, 1).t());
    }
  }

  @Override
  void addTransposeProduct(Tensor vectors, Tensor weights, double scale) {
    long samples = vectors.size(0);
    if (usesOwnKernels(samples)) {
      NativeOps.ADD_OUTER_TRANSPOSE_.call(vectors, inputs, cotangents, weights, start, bias, scale);
      return;
    }
    if (samples == 1 && groups == 1) {
      Tensor weighted = cotangents.mul(weights.view(-1, 1));
      weights(vectors).select(0, 0).addmm_(weighted.t(), inputs, 1, scale);
    } else {
      Tensor weighted =
          groups == 1
              ? cotangents.mul(weights.unsqueeze(2))
              : weights
                  .view(samples, batch, groups)
                  .transpose(0, 1)
                  .bmm(cotangents.view(batch, groups, outputs))
                  .transpose(0, 1);
      NativeOps.BADDBMM_.call(
          weights(vectors),
          weighted.transpose(1, 2),
          inputs.unsqueeze(0).expand(samples, -1, -1),
          1,
          scale);
    }
    if (bias) {
      biases(vectors).addmm_(weights, cotangents, 1, scale);
    }
  }

  @Override
  void addGram(Tensor gram) {
    if (SmallProducts.hasKernels(inputs) && batch * groups <= SmallProducts.FEW_ROWS) {
      NativeOps.ADD_OUTER_GRAM_.call(gram, inputs, cotangents, bias);
      return;
    }
    Tensor a = inputs.to(DType.FLOAT64);
    Tensor d = cotangents.to(DType.FLOAT64);
    Tensor ofInputs = a.mm(a.t());
    if (bias) {
      ofInputs.add_(1.0);
    }
    Tensor ofCotangents = d.mm(d.t());
    gram.view(batch, groups, batch, groups)
        .addcmul_(
            ofCotangents.view(batch, groups, batch, groups), ofInputs.view(batch, 1, batch, 1), 1);
  }

  @Override
  void writeRows(Tensor jacobian) {
    long n = batch * groups;
    NativeOps.MUL_OUT.call(
        cotangents.view(batch, groups, outputs, 1),
        inputs.view(batch, 1, 1, columns),
        weights(jacobian).view(batch, groups, outputs, columns));
    if (bias) {
      jacobian.narrow(1, start + outputs * columns, outputs).copy_(cotangents.view(n, outputs));
    }
  }

  @Override
  List<Tensor> held() {
    return List.of(inputs, cotangents);
  }

  @Override
  long start() {
    return start;
  }

  @Override
  long size() {
    return outputs * (columns + (bias ? 1 : 0));
  }

  @Override
  String form() {
    return "factored";
  }

  // One call for a few vectors; for many, products of all at once are faster.
  private boolean usesOwnKernels(long samples) {
    return groups == 1 && samples <= 2 && SmallProducts.hasKernels(inputs);
  }

  /** The weights' columns of [S, D] as [S, outputs, columns]. */
  private Tensor weights(Tensor whole) {
    return whole.narrow(1, start, outputs * columns).view(whole.size(0), outputs, columns);
  }

  private Tensor biases(Tensor whole) {
    return whole.narrow(1, start + outputs * columns, outputs);
  }
}
