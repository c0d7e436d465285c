#include "guards.h"

#include <ATen/ATen.h>

#include <array>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "errors.h"
#include "frames.h"

namespace viking {
namespace {

using torch::jit::pop;
using torch::jit::push;
using torch::jit::Stack;

// Distances from primitives. Where a difference or distance is zero, the derivative is zero, as in cdist's own rule.
at::Tensor masked_root(const at::Tensor& sum, double p) {
  const at::Tensor zero = sum == 0;
  const at::Tensor safe = at::where(zero, at::ones_like(sum), sum);
  const at::Tensor root = p == 2 ? safe.sqrt() : safe.pow(1 / p);
  return at::where(zero, at::zeros_like(sum), root);
}

bool replace_cdist(Stack& stack) {
  const auto compute_mode = pop(stack);  // how to compute: no influence on the value
  const double p = pop(stack).toDouble();
  const at::Tensor x2 = pop(stack).toTensor();
  const at::Tensor x1 = pop(stack).toTensor();
  TORCH_CHECK(x1.dim() >= 2 && x2.dim() >= 2, "cdist: needs at least two dimensions");
  TORCH_CHECK(x1.size(-1) == x2.size(-1), "cdist: the last dimensions differ in size: ", x1.size(-1), " and ",
              x2.size(-1));
  TORCH_CHECK(p >= 0, "cdist: p is negative");
  const at::Tensor difference = x1.unsqueeze(-2) - x2.unsqueeze(-3);
  at::Tensor result;
  if (p == 0) {
    result = (difference != 0).to(difference.scalar_type()).sum(-1);
  } else if (p == 1) {
    result = difference.abs().sum(-1);
  } else if (p == 2) {
    result = masked_root((difference * difference).sum(-1), 2);
  } else if (p == std::numeric_limits<double>::infinity()) {
    result = difference.abs().amax(-1);
  } else {
    const at::Tensor zero = difference == 0;
    const at::Tensor safe = at::where(zero, at::ones_like(difference), difference.abs());
    result = masked_root(at::where(zero, at::zeros_like(difference), safe.pow(p)).sum(-1), p);
  }
  push(stack, result);
  return true;
}

// index_fill is a choice between the value and the input by a mask over one dimension. (A scatter of the expanded
// value would count its derivative once for each repeated index.)
bool replace_index_fill(Stack& stack) {
  const c10::IValue value = pop(stack);
  const at::Tensor index = pop(stack).toTensor();
  int64_t dim = pop(stack).toInt();
  at::Tensor self = pop(stack).toTensor();
  const bool scalar = self.dim() == 0;
  if (scalar) self = self.unsqueeze(0);
  TORCH_CHECK(dim >= -self.dim() && dim < self.dim(), "index_fill: dimension out of range: ", dim);
  TORCH_CHECK(index.dim() <= 1, "index_fill: the index has more than one dimension");
  if (dim < 0) dim += self.dim();
  std::vector<int64_t> view(static_cast<size_t>(self.dim()), 1);
  view[static_cast<size_t>(dim)] = self.size(dim);
  const at::Tensor mask = at::zeros({self.size(dim)}, self.options().dtype(at::kBool))
                              .scatter(0, index.to(at::kLong).reshape({-1}), true)
                              .reshape(view);
  at::Tensor filled;
  if (value.isTensor()) {
    TORCH_CHECK(value.toTensor().dim() == 0, "index_fill: the value must have no dimensions");
    filled = at::where(mask, value.toTensor().to(self.scalar_type()), self);
  } else {
    filled = self.masked_fill(mask, value.toScalar());
  }
  push(stack, scalar ? filled.squeeze(0) : filled);
  return true;
}

// Each prefix's logsumexp, over a masked square of the dimension: quadratic in its length, and right to any order.
bool replace_logcumsumexp(Stack& stack) {
  const int64_t dim = pop(stack).toInt();
  const at::Tensor self = pop(stack).toTensor();
  if (self.dim() == 0) {
    push(stack, self.clone());
    return true;
  }
  const at::Tensor last = self.movedim(dim, -1);
  const int64_t length = last.size(-1);
  const at::Tensor later = at::ones({length, length}, self.options().dtype(at::kBool)).triu(1);
  const at::Tensor prefixes =
      last.unsqueeze(-2).masked_fill(later, -std::numeric_limits<double>::infinity()).logsumexp(-1);
  push(stack, prefixes.movedim(-1, dim));
  return true;
}

// narrow with a tensor as start is an index_select of consecutive places.
bool replace_narrow(Stack& stack) {
  if (!torch::jit::peek(stack, 2, 4).isTensor()) return false;
  const int64_t length = pop(stack).toInt();
  const at::Tensor start = pop(stack).toTensor();
  const int64_t dim = pop(stack).toInt();
  const at::Tensor self = pop(stack).toTensor();
  TORCH_CHECK(start.dim() == 0 && at::isIntegralType(start.scalar_type(), /*includeBool=*/false),
              "narrow: start must be an integer without dimensions");
  TORCH_CHECK(length >= 0 && length <= self.size(dim), "narrow: length out of range: ", length);
  const at::Tensor first = at::where(start < 0, start + self.size(dim), start);
  push(stack, self.index_select(dim, first + at::arange(length, start.options())));
  return true;
}

// Batch statistics over `dims` and the normalised input; the statistics keep the reduced dimensions.
struct Normalised {
  at::Tensor output;
  at::Tensor mean;
  at::Tensor inverse_deviation;
  at::Tensor variance;
};

Normalised normalise(const at::Tensor& input, const std::vector<int64_t>& dims, double eps) {
  Normalised result;
  result.mean = input.mean(dims, /*keepdim=*/true);
  const at::Tensor centred = input - result.mean;
  result.variance = (centred * centred).mean(dims, /*keepdim=*/true);
  result.inverse_deviation = (result.variance + eps).rsqrt();
  result.output = centred * result.inverse_deviation;
  return result;
}

at::Tensor affine(at::Tensor normal, const c10::IValue& weight, const c10::IValue& bias,
                  const std::vector<int64_t>& view) {
  if (!weight.isNone() && weight.toTensor().defined()) normal = normal * weight.toTensor().reshape(view);
  if (!bias.isNone() && bias.toTensor().defined()) normal = normal + bias.toTensor().reshape(view);
  return normal;
}

Normalised layer_norm(const at::Tensor& input, const std::vector<int64_t>& shape, const c10::IValue& weight,
                      const c10::IValue& bias, double eps) {
  const auto rank = static_cast<int64_t>(shape.size());
  TORCH_CHECK(
      rank >= 1 && rank <= input.dim() && input.sizes().slice(static_cast<size_t>(input.dim() - rank)).equals(shape),
      "layer_norm: normalized_shape does not match the last sizes of the input");
  std::vector<int64_t> dims;
  for (int64_t d = input.dim() - rank; d < input.dim(); ++d) dims.push_back(d);
  Normalised result = normalise(input, dims, eps);
  result.output = affine(result.output, weight, bias, shape);
  return result;
}

bool replace_layer_norm(Stack& stack) {
  pop(stack);  // cudnn_enable
  const double eps = pop(stack).toDouble();
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  const auto shape = pop(stack).toIntVector();
  push(stack, layer_norm(pop(stack).toTensor(), shape, weight, bias, eps).output);
  return true;
}

bool replace_native_layer_norm(Stack& stack) {
  const double eps = pop(stack).toDouble();
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  const auto shape = pop(stack).toIntVector();
  const Normalised result = layer_norm(pop(stack).toTensor(), shape, weight, bias, eps);
  push(stack, result.output, result.mean, result.inverse_deviation);
  return true;
}

bool has_tensor(const c10::IValue& value) { return !value.isNone() && value.toTensor().defined(); }

void update_running(const c10::IValue& running, const at::Tensor& batch, double momentum) {
  if (!has_tensor(running)) return;
  running.toTensor().mul_(1 - momentum).add_(batch.detach(), momentum);
}

// Training-mode batch norm: per channel (dimension 1) over all other dimensions.
Normalised batch_norm(const at::Tensor& input, const c10::IValue& weight, const c10::IValue& bias,
                      const c10::IValue& running_mean, const c10::IValue& running_var, double momentum, double eps) {
  TORCH_CHECK(input.dim() >= 2, "batch_norm: the input needs at least two dimensions");
  std::vector<int64_t> dims{0};
  std::vector<int64_t> view(static_cast<size_t>(input.dim()), 1);
  view[1] = input.size(1);
  for (int64_t d = 2; d < input.dim(); ++d) dims.push_back(d);
  Normalised result = normalise(input, dims, eps);
  result.output = affine(result.output, weight, bias, view);
  const int64_t count = input.numel() / std::max<int64_t>(input.size(1), 1);
  update_running(running_mean, result.mean.flatten(), momentum);
  update_running(
      running_var,
      result.variance.flatten() * (static_cast<double>(count) / static_cast<double>(std::max<int64_t>(count - 1, 1))),
      momentum);
  return result;
}

bool replace_batch_norm(Stack& stack) {
  // input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled
  if (!torch::jit::peek(stack, 5, 9).toBool()) return false;
  pop(stack);
  const double eps = pop(stack).toDouble();
  const double momentum = pop(stack).toDouble();
  pop(stack);
  const auto running_var = pop(stack);
  const auto running_mean = pop(stack);
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  push(stack, batch_norm(pop(stack).toTensor(), weight, bias, running_mean, running_var, momentum, eps).output);
  return true;
}

bool replace_native_batch_norm(Stack& stack) {
  // input, weight, bias, [running_mean, running_var,] training, momentum, eps: the overload no_stats has no statistics
  const bool stats = stack.size() == 8;
  if (!torch::jit::peek(stack, stats ? 5 : 3, stats ? 8 : 6).toBool()) return false;
  const double eps = pop(stack).toDouble();
  const double momentum = pop(stack).toDouble();
  pop(stack);
  const auto running_var = stats ? pop(stack) : c10::IValue();
  const auto running_mean = stats ? pop(stack) : c10::IValue();
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  const Normalised result = batch_norm(pop(stack).toTensor(), weight, bias, running_mean, running_var, momentum, eps);
  push(stack, result.output, result.mean.flatten(), result.inverse_deviation.flatten());
  return true;
}

bool replace_instance_norm(Stack& stack) {
  // input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled
  if (!torch::jit::peek(stack, 5, 9).toBool()) return false;
  if (has_tensor(torch::jit::peek(stack, 3, 9)) || has_tensor(torch::jit::peek(stack, 4, 9))) return false;
  pop(stack);
  const double eps = pop(stack).toDouble();
  pop(stack);
  pop(stack);
  pop(stack);
  pop(stack);
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  const at::Tensor input = pop(stack).toTensor();
  TORCH_CHECK(input.dim() >= 3, "instance_norm: the input needs at least three dimensions");
  std::vector<int64_t> dims;
  std::vector<int64_t> view(static_cast<size_t>(input.dim()), 1);
  view[1] = input.size(1);
  for (int64_t d = 2; d < input.dim(); ++d) dims.push_back(d);
  push(stack, affine(normalise(input, dims, eps).output, weight, bias, view));
  return true;
}

constexpr const char* kNoGraph =
    "the forward rule uses a saved intermediate (statistics or a factorisation) as if it did not depend on the input, "
    "so the derivative of the product is wrong";

constexpr std::array kTable{
    // Norms. The fused kernels save mean and inverse deviation without their graph, so a third derivative, or a jvp
    // differentiated again, is wrong whichever mode is used; written from primitives they are right.
    Guard{"aten::layer_norm", GuardWhen::kSecondDerivative, GuardAction::kReplace, kNoGraph, &replace_layer_norm},
    Guard{"aten::native_layer_norm", GuardWhen::kSecondDerivative, GuardAction::kReplace, kNoGraph,
          &replace_native_layer_norm},
    Guard{"aten::batch_norm", GuardWhen::kSecondDerivative, GuardAction::kReplace, kNoGraph, &replace_batch_norm},
    Guard{"aten::native_batch_norm", GuardWhen::kSecondDerivative, GuardAction::kReplace, kNoGraph,
          &replace_native_batch_norm},
    Guard{"aten::_native_batch_norm_legit", GuardWhen::kSecondDerivative, GuardAction::kReplace, kNoGraph,
          &replace_native_batch_norm},
    Guard{"aten::instance_norm", GuardWhen::kSecondDerivative, GuardAction::kReplace, kNoGraph, &replace_instance_norm},
    // ... and where they come from inside another operator, they are refused.
    Guard{"aten::native_layer_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::native_batch_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::_native_batch_norm_legit", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::_batch_norm_with_update", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::batch_norm_with_update", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::cudnn_batch_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::miopen_batch_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    // Factorisations and what is computed from them.
    Guard{"aten::_linalg_det", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::_linalg_slogdet", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::_linalg_solve_ex", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_lu_solve", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_lu_factor_ex", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_lu", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_inv_ex", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_ldl_factor_ex", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_cholesky_ex", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::cholesky_inverse", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::cholesky_solve", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::triangular_solve", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_lstsq", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::_linalg_eigh", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse,
          "the derivative of the forward rule is not finite"},
    Guard{"aten::linalg_eig", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse,
          "the derivative of the forward rule is not finite"},
    Guard{"aten::_linalg_svd", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse,
          "the derivative of the forward rule is not finite"},
    Guard{"aten::linalg_qr", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_householder_product", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse,
          "the forward rule changes intermediates in place, so the derivative of the product is wrong"},
    Guard{"aten::ormqr", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse,
          "the forward rule changes intermediates in place, so the derivative of the product is wrong"},
    Guard{"aten::logcumsumexp", GuardWhen::kJvp, GuardAction::kReplace,
          "the forward rule loses half of the digits, and its second derivative is not finite", &replace_logcumsumexp},
    Guard{"aten::triangular_solve", GuardWhen::kGradInsideJvp, GuardAction::kReverse,
          "forward over reverse gives a wrong product"},
    Guard{"aten::cdist", GuardWhen::kTransform, GuardAction::kReplace,
          "its backward has no right batching rule, and it has no forward rule", &replace_cdist},
    Guard{"aten::index_fill", GuardWhen::kVmap, GuardAction::kReplace,
          "the batching rule fills the wrong places where the index is batched", &replace_index_fill},
    Guard{"aten::narrow", GuardWhen::kVmap, GuardAction::kReplace,
          "there is no batching rule for a start that is a tensor", &replace_narrow},
};

bool holds(GuardWhen when) noexcept {
  bool inner_grad = false;
  bool inner_jvp = false;
  for (const Frame* frame = current_frame(); frame != nullptr; frame = frame->parent) {
    switch (when) {
      case GuardWhen::kTransform:
        return true;
      case GuardWhen::kSecondDerivative:
        return derivative_depth() >= 2;
      case GuardWhen::kVmap:
        if (frame->kind == FrameKind::kVmap) return true;
        break;
      case GuardWhen::kJvp:
        if (frame->kind == FrameKind::kJvp) return true;
        break;
      case GuardWhen::kGradInsideJvp:
        if (frame->kind == FrameKind::kJvp && inner_grad) return true;
        break;
      case GuardWhen::kJvpInsideDerivative:
        if (frame->kind != FrameKind::kVmap && inner_jvp) return true;
        break;
    }
    inner_grad = inner_grad || frame->kind == FrameKind::kGrad;
    inner_jvp = inner_jvp || frame->kind == FrameKind::kJvp;
  }
  return false;
}

const std::unordered_map<std::string_view, const Guard*>& leaves() {
  static const auto* map = [] {
    auto* leaves = new std::unordered_map<std::string_view, const Guard*>();
    for (const Guard& guard : kTable) {
      if (guard.when == GuardWhen::kJvpInsideDerivative) leaves->emplace(guard.op, &guard);
    }
    return leaves;
  }();
  return *map;
}

std::unique_ptr<at::ObserverContext> on_operator(const at::RecordFunction& record) {
  const auto found = leaves().find(record.name());
  if (found == leaves().end()) return nullptr;
  if (found->second->action == GuardAction::kRefuse) {
    request_refusal(found->second->op);
  } else {
    request_reroute();
  }
  return nullptr;
}

const char* text_of(GuardWhen when) {
  switch (when) {
    case GuardWhen::kJvp:
      return "jvp";
    case GuardWhen::kJvpInsideDerivative:
      return "jvp inside a derivative";
    case GuardWhen::kGradInsideJvp:
      return "reverse mode inside a jvp";
    case GuardWhen::kSecondDerivative:
      return "two or more derivatives";
    case GuardWhen::kVmap:
      return "vmap";
    case GuardWhen::kTransform:
      return "any transform";
  }
  return "";
}

const char* text_of(GuardAction action) {
  switch (action) {
    case GuardAction::kReverse:
      return "evaluated in reverse mode";
    case GuardAction::kRefuse:
      return "refused";
    case GuardAction::kReplace:
      return "replaced by primitives";
  }
  return "";
}

}  // namespace

OperatorGuards::OperatorGuards(const std::string& name) {
  for (const Guard& guard : kTable) {
    // The observer sees leaves that are called directly, too.
    if (name == guard.op && guard.when != GuardWhen::kJvpInsideDerivative) guards_.push_back(&guard);
  }
}

bool OperatorGuards::apply(torch::jit::Stack& stack) const {
  for (const Guard* guard : guards_) {
    if (!holds(guard->when)) continue;
    switch (guard->action) {
      case GuardAction::kReverse:
        if (request_reroute()) throw Reroute{};
        break;
      case GuardAction::kRefuse:
        throw Failure(VK_ERR_UNSUPPORTED,
                      std::string(guard->op) + " is refused under " + text_of(guard->when) + ": " + guard->reason);
      case GuardAction::kReplace:
        if (guard->replacement(stack)) return true;
        break;
    }
  }
  return false;
}

LeafObserver::LeafObserver()
    : handle_(
          at::addThreadLocalCallback(at::RecordFunctionCallback(&on_operator).scopes({at::RecordScope::FUNCTION}))) {}

LeafObserver::~LeafObserver() { at::removeCallback(handle_); }

std::string guards_text() {
  std::string text;
  for (const Guard& guard : kTable) {
    text +=
        std::string(guard.op) + "\t" + text_of(guard.when) + "\t" + text_of(guard.action) + "\t" + guard.reason + "\n";
  }
  return text;
}

}  // namespace viking
