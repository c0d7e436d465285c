package dev.viking.torch;

import org.jspecify.annotations.Nullable;

/**
 * Layers and losses. Images are [batch, channels, height, width]; weights are laid out as in
 * PyTorch.
 */
abstract sealed class TensorNeural extends TensorMatrix permits TensorInPlace {
  private static final Op CONV1D = Op.of("aten::conv1d", "");
  private static final Op CONV2D = Op.of("aten::conv2d", "");
  private static final Op CONV3D = Op.of("aten::conv3d", "");
  private static final Op CONV_TRANSPOSE2D_INPUT = Op.of("aten::conv_transpose2d", "input");
  private static final Op MAX_POOL2D = Op.of("aten::max_pool2d", "");
  private static final Op AVG_POOL2D = Op.of("aten::avg_pool2d", "");
  private static final Op ADAPTIVE_AVG_POOL2D = Op.of("aten::adaptive_avg_pool2d", "");
  private static final Op IM2COL = Op.of("aten::im2col", "");
  private static final Op COL2IM = Op.of("aten::col2im", "");
  private static final Op UPSAMPLE_NEAREST2D = Op.of("aten::upsample_nearest2d", "");
  private static final Op LAYER_NORM = Op.of("aten::layer_norm", "");
  private static final Op GROUP_NORM = Op.of("aten::group_norm", "");
  private static final Op BATCH_NORM = Op.of("aten::batch_norm", "");
  private static final Op BERNOULLI_P = Op.of("aten::bernoulli", "p");
  private static final Op EMBEDDING = Op.of("aten::embedding", "");
  private static final Op CROSS_ENTROPY_LOSS = Op.of("aten::cross_entropy_loss", "");
  private static final Op NLL_LOSS = Op.of("aten::nll_loss", "");
  private static final Op BINARY_CROSS_ENTROPY_WITH_LOGITS =
      Op.of("aten::binary_cross_entropy_with_logits", "");
  private static final Op MSE_LOSS = Op.of("aten::mse_loss", "");
  private static final Op L1_LOSS = Op.of("aten::l1_loss", "");
  private static final Op HUBER_LOSS = Op.of("aten::huber_loss", "");
  private static final Op SMOOTH_L1_LOSS = Op.of("aten::smooth_l1_loss", "");
  private static final Op KL_DIV = Op.of("aten::kl_div", "");
  private static final Op GLU = Op.of("aten::glu", "");

  TensorNeural(long handle, Invoker invoker) {
    super(handle, invoker);
  }

  TensorNeural(long borrowedHandle) {
    super(borrowedHandle);
  }

  /**
   * Convolution over [batch, channels, length]; weight is [out, in / groups, kernel].
   *
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @param stride the step between windows
   * @param padding zeros (for pooling: nothing) around the input
   * @param dilation the step inside a window
   * @param groups the number of groups of channels
   * @return a new tensor
   */
  public final Tensor conv1d(
      Tensor weight, @Nullable Tensor bias, long stride, long padding, long dilation, long groups) {
    return Invoker.of(CONV1D)
        .tensor(this)
        .tensor(weight)
        .tensorOrNone(bias)
        .ints(stride)
        .ints(padding)
        .ints(dilation)
        .integer(groups)
        .one();
  }

  /**
   * Convolution of images with stride 1 and no padding; weight is [out, in, height, width].
   *
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @return a new tensor
   */
  public final Tensor conv2d(Tensor weight, @Nullable Tensor bias) {
    return Invoker.of(CONV2D).tensor(this).tensor(weight).tensorOrNone(bias).one();
  }

  /**
   * Convolution of images; weight is [out, in, height, width].
   *
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @param stride the step between windows
   * @param padding zeros (for pooling: nothing) around the input
   * @return a new tensor
   */
  public final Tensor conv2d(Tensor weight, @Nullable Tensor bias, long stride, long padding) {
    return Invoker.of(CONV2D)
        .tensor(this)
        .tensor(weight)
        .tensorOrNone(bias)
        .ints(stride, stride)
        .ints(padding, padding)
        .one();
  }

  /**
   * Convolution of images; weight is [out, in / groups, height, width].
   *
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @param stride the step between windows
   * @param padding zeros (for pooling: nothing) around the input
   * @param dilation the step inside a window
   * @param groups the number of groups of channels
   * @return a new tensor
   */
  public final Tensor conv2d(
      Tensor weight,
      @Nullable Tensor bias,
      long[] stride,
      long[] padding,
      long[] dilation,
      long groups) {
    return Invoker.of(CONV2D)
        .tensor(this)
        .tensor(weight)
        .tensorOrNone(bias)
        .ints(stride)
        .ints(padding)
        .ints(dilation)
        .integer(groups)
        .one();
  }

  /**
   * Convolution of volumes; weight is [out, in / groups, depth, height, width].
   *
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @param stride the step between windows
   * @param padding zeros (for pooling: nothing) around the input
   * @param dilation the step inside a window
   * @param groups the number of groups of channels
   * @return a new tensor
   */
  public final Tensor conv3d(
      Tensor weight,
      @Nullable Tensor bias,
      long[] stride,
      long[] padding,
      long[] dilation,
      long groups) {
    return Invoker.of(CONV3D)
        .tensor(this)
        .tensor(weight)
        .tensorOrNone(bias)
        .ints(stride)
        .ints(padding)
        .ints(dilation)
        .integer(groups)
        .one();
  }

  /**
   * Transposed convolution of images; weight is [in, out / groups, height, width].
   *
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @param stride the step between windows
   * @param padding zeros (for pooling: nothing) around the input
   * @param outputPadding what is added to one side of the output
   * @param groups the number of groups of channels
   * @param dilation the step inside a window
   * @return a new tensor
   */
  public final Tensor convTranspose2d(
      Tensor weight,
      @Nullable Tensor bias,
      long[] stride,
      long[] padding,
      long[] outputPadding,
      long groups,
      long[] dilation) {
    return Invoker.of(CONV_TRANSPOSE2D_INPUT)
        .tensor(this)
        .tensor(weight)
        .tensorOrNone(bias)
        .ints(stride)
        .ints(padding)
        .ints(outputPadding)
        .integer(groups)
        .ints(dilation)
        .one();
  }

  /**
   * Largest element of square windows.
   *
   * @param kernel the size of a window
   * @param stride the step between windows
   * @return a new tensor
   */
  public final Tensor maxPool2d(long kernel, long stride) {
    return Invoker.of(MAX_POOL2D).tensor(this).ints(kernel, kernel).ints(stride, stride).one();
  }

  /**
   * Largest element of windows.
   *
   * @param kernel the size of a window
   * @param stride the step between windows
   * @param padding zeros (for pooling: nothing) around the input
   * @param dilation the step inside a window
   * @return a new tensor
   */
  public final Tensor maxPool2d(long[] kernel, long[] stride, long[] padding, long[] dilation) {
    return Invoker.of(MAX_POOL2D)
        .tensor(this)
        .ints(kernel)
        .ints(stride)
        .ints(padding)
        .ints(dilation)
        .one();
  }

  /**
   * Mean of square windows.
   *
   * @param kernel the size of a window
   * @param stride the step between windows
   * @return a new tensor
   */
  public final Tensor avgPool2d(long kernel, long stride) {
    return Invoker.of(AVG_POOL2D).tensor(this).ints(kernel, kernel).ints(stride, stride).one();
  }

  /**
   * Mean of windows; padding counts as zeros.
   *
   * @param kernel the size of a window
   * @param stride the step between windows
   * @param padding zeros (for pooling: nothing) around the input
   * @return a new tensor
   */
  public final Tensor avgPool2d(long[] kernel, long[] stride, long[] padding) {
    return Invoker.of(AVG_POOL2D).tensor(this).ints(kernel).ints(stride).ints(padding).one();
  }

  /**
   * Mean of windows chosen so that the result has a given size.
   *
   * @param height the height
   * @param width the width
   * @return a new tensor
   */
  public final Tensor adaptiveAvgPool2d(long height, long width) {
    return Invoker.of(ADAPTIVE_AVG_POOL2D).tensor(this).ints(height, width).one();
  }

  /**
   * All windows of images as columns: [batch, channels * kernel, windows].
   *
   * @param kernel the size of a window
   * @param dilation the step inside a window
   * @param padding zeros (for pooling: nothing) around the input
   * @param stride the step between windows
   * @return a new tensor
   */
  public final Tensor unfold(long[] kernel, long[] dilation, long[] padding, long[] stride) {
    return Invoker.of(IM2COL)
        .tensor(this)
        .ints(kernel)
        .ints(dilation)
        .ints(padding)
        .ints(stride)
        .one();
  }

  /**
   * Sums columns of windows into images, the transpose of {@link #unfold}.
   *
   * @param outputSize height and width of the images
   * @param kernel the size of a window
   * @param dilation the step inside a window
   * @param padding zeros (for pooling: nothing) around the input
   * @param stride the step between windows
   * @return a new tensor
   */
  public final Tensor fold(
      long[] outputSize, long[] kernel, long[] dilation, long[] padding, long[] stride) {
    return Invoker.of(COL2IM)
        .tensor(this)
        .ints(outputSize)
        .ints(kernel)
        .ints(dilation)
        .ints(padding)
        .ints(stride)
        .one();
  }

  /**
   * Resizes images to the nearest pixel.
   *
   * @param height the height
   * @param width the width
   * @return a new tensor
   */
  public final Tensor interpolateNearest(long height, long width) {
    return Invoker.of(UPSAMPLE_NEAREST2D).tensor(this).ints(height, width).one();
  }

  /**
   * Normalises the last dimensions to mean 0 and variance 1, then scales and shifts.
   *
   * @param normalizedShape sizes of the dimensions to normalise
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @param eps added to the variance
   * @return a new tensor
   */
  public final Tensor layerNorm(
      long[] normalizedShape, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
    return Invoker.of(LAYER_NORM)
        .tensor(this)
        .ints(normalizedShape)
        .tensorOrNone(weight)
        .tensorOrNone(bias)
        .number(eps)
        .one();
  }

  /**
   * Normalises groups of channels, then scales and shifts.
   *
   * @param groups the number of groups of channels
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @param eps added to the variance
   * @return a new tensor
   */
  public final Tensor groupNorm(
      long groups, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
    return Invoker.of(GROUP_NORM)
        .tensor(this)
        .integer(groups)
        .tensorOrNone(weight)
        .tensorOrNone(bias)
        .number(eps)
        .one();
  }

  /**
   * Normalises channels by the batch's (in training, which also updates the running statistics in
   * place) or the running statistics.
   *
   * @param weight the weights
   * @param bias what is added for each output, or null
   * @param runningMean running means, or null
   * @param runningVar running variances, or null
   * @param training whether to use the statistics of the batch
   * @param momentum the weight of new statistics
   * @param eps added to the variance
   * @return a new tensor
   */
  public final Tensor batchNorm(
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor runningMean,
      @Nullable Tensor runningVar,
      boolean training,
      double momentum,
      double eps) {
    return Invoker.of(BATCH_NORM)
        .tensor(this)
        .tensorOrNone(weight)
        .tensorOrNone(bias)
        .tensorOrNone(runningMean)
        .tensorOrNone(runningVar)
        .flag(training)
        .number(momentum)
        .number(eps)
        .flag(false)
        .one();
  }

  /**
   * Sets elements to zero with probability {@code p} and divides the others by {@code 1 - p}.
   *
   * @param p the probability of zero, from 0 to below 1
   * @param rng the generator, of the same device
   * @return a new tensor
   * @throws ArgumentException when {@code p} is out of range
   */
  public final Tensor dropout(double p, Rng rng) {
    if (!(p >= 0 && p < 1)) {
      throw new ArgumentException(
          "Tensor.dropout: p is " + p + "; it must be at least 0 and below 1");
    }
    try (Tensor kept = Invoker.of(BERNOULLI_P).tensor(this).number(1 - p).rng(rng).one();
        Tensor scaled = kept.div(1 - p)) {
      return mul(scaled);
    }
  }

  /**
   * Rows of this matrix at int64 indices of any shape.
   *
   * @param indices positions (int64)
   * @return a new tensor
   */
  public final Tensor embedding(Tensor indices) {
    return Invoker.of(EMBEDDING).tensor(this).tensor(indices).one();
  }

  /**
   * Cross-entropy of logits [batch, classes] and class indices [batch] (int64), or class
   * probabilities.
   *
   * @param target the targets
   * @param reduction what to do with the losses of the elements
   * @return a new tensor
   */
  public final Tensor crossEntropy(Tensor target, Reduction reduction) {
    return Invoker.of(CROSS_ENTROPY_LOSS)
        .tensor(this)
        .tensor(target)
        .none()
        .integer(reduction.code())
        .one();
  }

  /**
   * Negative log likelihood of log-probabilities [batch, classes] and class indices [batch]
   * (int64).
   *
   * @param target the targets
   * @param reduction what to do with the losses of the elements
   * @return a new tensor
   */
  public final Tensor nllLoss(Tensor target, Reduction reduction) {
    return Invoker.of(NLL_LOSS).tensor(this).tensor(target).none().integer(reduction.code()).one();
  }

  /**
   * Binary cross-entropy of logits and targets in [0, 1].
   *
   * @param target the targets
   * @param reduction what to do with the losses of the elements
   * @return a new tensor
   */
  public final Tensor binaryCrossEntropyWithLogits(Tensor target, Reduction reduction) {
    return Invoker.of(BINARY_CROSS_ENTROPY_WITH_LOGITS)
        .tensor(this)
        .tensor(target)
        .none()
        .none()
        .integer(reduction.code())
        .one();
  }

  /**
   * Squared difference.
   *
   * @param target the targets
   * @param reduction what to do with the losses of the elements
   * @return a new tensor
   */
  public final Tensor mseLoss(Tensor target, Reduction reduction) {
    return Invoker.of(MSE_LOSS).tensor(this).tensor(target).integer(reduction.code()).one();
  }

  /**
   * Absolute difference.
   *
   * @param target the targets
   * @param reduction what to do with the losses of the elements
   * @return a new tensor
   */
  public final Tensor l1Loss(Tensor target, Reduction reduction) {
    return Invoker.of(L1_LOSS).tensor(this).tensor(target).integer(reduction.code()).one();
  }

  /**
   * Half the squared difference below {@code delta}, linear above.
   *
   * @param target the targets
   * @param reduction what to do with the losses of the elements
   * @param delta where the loss turns linear
   * @return a new tensor
   */
  public final Tensor huberLoss(Tensor target, Reduction reduction, double delta) {
    return Invoker.of(HUBER_LOSS)
        .tensor(this)
        .tensor(target)
        .integer(reduction.code())
        .number(delta)
        .one();
  }

  /**
   * Huber loss divided by {@code beta}.
   *
   * @param target the targets
   * @param reduction what to do with the losses of the elements
   * @param beta where the loss turns linear
   * @return a new tensor
   */
  public final Tensor smoothL1Loss(Tensor target, Reduction reduction, double beta) {
    return Invoker.of(SMOOTH_L1_LOSS)
        .tensor(this)
        .tensor(target)
        .integer(reduction.code())
        .number(beta)
        .one();
  }

  /**
   * {@code target * (log(target) - this)}, where this holds log-probabilities.
   *
   * @param target the targets
   * @param reduction what to do with the losses of the elements
   * @param logTarget whether the targets are logarithms
   * @return a new tensor
   */
  public final Tensor klDiv(Tensor target, Reduction reduction, boolean logTarget) {
    return Invoker.of(KL_DIV)
        .tensor(this)
        .tensor(target)
        .integer(reduction.code())
        .flag(logTarget)
        .one();
  }

  /**
   * First half times the logistic function of the second half, along one dimension.
   *
   * @param dim the dimension; negative counts from the end
   * @return a new tensor
   */
  public final Tensor glu(long dim) {
    return Invoker.of(GLU).tensor(this).integer(dim).one();
  }

  /**
   * Scaled dot-product attention, {@code softmax(this key^T / sqrt(d)) value}, of queries [..., n,
   * d], built from primitives so that every transform works.
   *
   * @param key the keys [..., m, d]
   * @param value the values [..., m, v]
   * @return a new tensor [..., n, v]
   */
  public final Tensor attention(Tensor key, Tensor value) {
    try (Tensor scaled = div(Math.sqrt((double) size(-1)));
        Tensor keys = key.mT();
        Tensor scores = scaled.matmul(keys);
        Tensor weights = scores.softmax(-1)) {
      return weights.matmul(value);
    }
  }
}
