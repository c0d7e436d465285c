package dev.viking.nn;

import dev.viking.torch.Op;

/**
 * Operators that the derivatives need and that are no typed methods of tensors: libtorch's, and a
 * few of the library's own for plain tensors on the CPU.
 */
final class NativeOps {
  static final Op ADD = Op.of("aten::add", "Tensor");
  static final Op ADD_GRAM_ = Op.of("viking::add_gram_", "");
  static final Op ADD_OUTER_GRAM_ = Op.of("viking::add_outer_gram_", "");
  static final Op ADD_OUTER_PRODUCTS_ = Op.of("viking::add_outer_products_", "");
  static final Op ADD_OUTER_TRANSPOSE_ = Op.of("viking::add_outer_transpose_", "");
  static final Op AS_STRIDED = Op.of("aten::as_strided", "");
  static final Op AVG_POOL2D_BACKWARD = Op.of("aten::avg_pool2d_backward", "");
  static final Op BADDBMM_ = Op.of("aten::baddbmm_", "");
  static final Op BMM = Op.of("viking::bmm", "");
  static final Op BMM_OUT = Op.of("aten::bmm", "out");
  static final Op CLAMP = Op.of("aten::clamp", "");
  static final Op COLUMNS = Op.of("viking::columns", "");
  static final Op CONVOLUTION_BACKWARD = Op.of("aten::convolution_backward", "");
  static final Op ELU_BACKWARD = Op.of("aten::elu_backward", "");
  static final Op ERFINV_ = Op.of("aten::erfinv_", "");
  static final Op FUSED_ADAMW_ = Op.of("aten::_fused_adamw_", "");
  static final Op FUSED_ADAM_ = Op.of("aten::_fused_adam_", "");
  static final Op FUSED_SGD_ = Op.of("aten::_fused_sgd_", "");
  static final Op GELU = Op.of("aten::gelu", "");
  static final Op GELU_BACKWARD = Op.of("aten::gelu_backward", "");
  static final Op HARD_TANH_BACKWARD = Op.of("aten::hardtanh_backward", "");
  static final Op IMAGES = Op.of("viking::images", "");
  static final Op LEAKY_RELU_BACKWARD = Op.of("aten::leaky_relu_backward", "");
  static final Op MAX_POOL2X2 = Op.of("viking::max_pool2x2", "");
  static final Op MAX_POOL2X2_BACKWARD = Op.of("viking::max_pool2x2_backward", "");
  static final Op MAX_POOL2X2_TANGENT = Op.of("viking::max_pool2x2_tangent", "");
  static final Op MAX_POOL2D_BACKWARD = Op.of("aten::max_pool2d_with_indices_backward", "");
  static final Op MAX_POOL2D_WITH_INDICES = Op.of("aten::max_pool2d_with_indices", "");
  static final Op MM_OUT = Op.of("aten::mm", "out");
  static final Op MUL_OUT = Op.of("aten::mul", "out");
  static final Op OWN_BADDBMM_ = Op.of("viking::baddbmm_", "");
  static final Op SCATTER_ADD_ = Op.of("aten::scatter_add_", "");
  static final Op SCATTER_REDUCE_VALUE = Op.of("aten::scatter", "value_reduce");
  static final Op SIGMOID_BACKWARD = Op.of("aten::sigmoid_backward", "");
  static final Op SILU_BACKWARD = Op.of("aten::silu_backward", "");
  static final Op SOFTPLUS_BACKWARD = Op.of("aten::softplus_backward", "");
  static final Op SUM_OUT = Op.of("aten::sum", "IntList_out");
  static final Op TANH_BACKWARD = Op.of("aten::tanh_backward", "");
  static final Op THRESHOLD_BACKWARD = Op.of("aten::threshold_backward", "");

  private NativeOps() {}
}
