#include "guards.h"

#include <ATen/ATen.h>

#include <array>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "errors.h"
#include "frames.h"
#include "replacements.h"

namespace viking {
namespace {

using torch::jit::peek;
using torch::jit::Stack;

constexpr const char* kNoGraph =
    "the forward rule uses a saved intermediate (statistics or a factorisation) as if it did not depend on the input, "
    "so the derivative of the product is wrong";

constexpr const char* kNotFinite = "the derivative of the forward rule is not finite";
constexpr const char* kFusedAttention =
    "the fused kernels have no forward rule, no second derivative and no batching rule";
constexpr const char* kForwardWrong = "the forward rule is wrong";

bool reduces_by_product(const Stack& stack) {
  for (const auto& value : stack) {
    if (value.isString() && value.toStringRef() == "prod") return true;
  }
  return false;
}

bool has_tensor_parameters(const Stack& stack) {
  return !stack.empty() && (stack[0].isTensor() || (stack.size() > 1 && stack[1].isTensor()));
}

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
    Guard{"aten::_native_batch_norm_legit_no_training", GuardWhen::kSecondDerivative, GuardAction::kReplace, kNoGraph,
          &replace_batch_norm_evaluation},
    Guard{"aten::instance_norm", GuardWhen::kSecondDerivative, GuardAction::kReplace, kNoGraph, &replace_instance_norm},
    // ... and where they come from inside another operator, they are refused.
    Guard{"aten::native_layer_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::native_batch_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::_native_batch_norm_legit", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
    Guard{"aten::_batch_norm_with_update", GuardWhen::kJvpInsideDerivative, GuardAction::kRefuse, kNoGraph},
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
    Guard{"aten::cholesky_solve", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_lstsq", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::_linalg_eigh", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNotFinite},
    Guard{"aten::linalg_eig", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNotFinite},
    Guard{"aten::_linalg_svd", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNotFinite},
    Guard{"aten::linalg_qr", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::linalg_householder_product", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse,
          "the forward rule changes intermediates in place, so the derivative of the product is wrong"},
    Guard{"aten::ormqr", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse,
          "the forward rule changes intermediates in place, so the derivative of the product is wrong"},
    Guard{"aten::cumprod", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNotFinite},
    Guard{"aten::_safe_softmax", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNotFinite},
    Guard{"aten::pow.Tensor_Tensor", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNotFinite},
    // Wrong already at first order, or in forward over reverse.
    Guard{"aten::logcumsumexp", GuardWhen::kJvp, GuardAction::kReplace, kForwardWrong, &replace_logcumsumexp},
    Guard{"aten::cholesky_inverse", GuardWhen::kJvp, GuardAction::kReverse, kForwardWrong},
    Guard{"aten::triangular_solve", GuardWhen::kJvp, GuardAction::kReverse, kForwardWrong},
    Guard{"aten::cholesky_solve", GuardWhen::kJvp, GuardAction::kReverse,
          "the forward rule takes a matrix for a batch of vectors where sizes coincide under vmap"},
    Guard{"aten::scatter_reduce_", GuardWhen::kJvp, GuardAction::kReverse, kForwardWrong, nullptr, &reduces_by_product},
    Guard{"aten::index_reduce_", GuardWhen::kJvp, GuardAction::kReverse, kForwardWrong, nullptr, &reduces_by_product},
    Guard{"aten::scatter_reduce", GuardWhen::kJvp, GuardAction::kReverse, kForwardWrong, nullptr, &reduces_by_product},
    Guard{"aten::index_reduce", GuardWhen::kJvp, GuardAction::kReverse, kForwardWrong, nullptr, &reduces_by_product},
    Guard{"aten::linalg_pinv", GuardWhen::kGradInsideJvp, GuardAction::kReverse,
          "forward over reverse is wrong where singular values are cut off"},
    Guard{"aten::pinverse", GuardWhen::kGradInsideJvp, GuardAction::kReverse,
          "forward over reverse is wrong where singular values are cut off"},
    Guard{"aten::scaled_dot_product_attention", GuardWhen::kJvp, GuardAction::kReplace, kFusedAttention,
          &replace_scaled_dot_product_attention},
    Guard{"aten::scaled_dot_product_attention", GuardWhen::kSecondDerivative, GuardAction::kReplace, kFusedAttention,
          &replace_scaled_dot_product_attention},
    Guard{"aten::scaled_dot_product_attention", GuardWhen::kVmap, GuardAction::kReplace, kFusedAttention,
          &replace_scaled_dot_product_attention},
    Guard{"aten::_weight_norm", GuardWhen::kTransform, GuardAction::kReplace,
          "its backward takes the saved norms for constants", &replace_weight_norm},
    Guard{"aten::as_strided_scatter", GuardWhen::kTransform, GuardAction::kReplace,
          "its backward keeps the gradient of the places that were overwritten, and drops the others",
          &replace_as_strided_scatter},
    Guard{"aten::max_unpool2d", GuardWhen::kTransform, GuardAction::kReplace,
          "its backward gives a gradient to values that were overwritten", &replace_max_unpool2d},
    Guard{"aten::max_unpool3d", GuardWhen::kTransform, GuardAction::kReplace,
          "its backward gives a gradient to values that were overwritten", &replace_max_unpool3d},
    Guard{"aten::normal", GuardWhen::kSomeDerivative, GuardAction::kRefuse,
          "its derivative by mean and deviation is taken for zero; write mean + deviation * randn", nullptr,
          &has_tensor_parameters},
    // Batching.
    Guard{"aten::cdist", GuardWhen::kTransform, GuardAction::kReplace,
          "its backward has no right batching rule, and it has no forward rule", &replace_cdist},
    Guard{"aten::as_strided", GuardWhen::kVmap, GuardAction::kReplace,
          "strides of one example are taken for strides of the batch", &replace_as_strided},
    Guard{"aten::as_strided_", GuardWhen::kVmap, GuardAction::kRefuse,
          "strides of one example are taken for strides of the batch; use as_strided"},
    Guard{"aten::index_fill_", GuardWhen::kVmap, GuardAction::kRefuse,
          "the batching rule fills with another example's value; use index_fill"},
    Guard{"aten::index_fill", GuardWhen::kVmap, GuardAction::kReplace,
          "the batching rule fills with another example's value", &replace_index_fill},
    Guard{"aten::select_scatter", GuardWhen::kVmap, GuardAction::kReplace,
          "the gradient of the source through the batching rule is wrong", &replace_select_scatter},
    Guard{"aten::roll", GuardWhen::kVmap, GuardAction::kReplace,
          "the batching rule rolls the batch where an example has no dimensions", &replace_roll},
    Guard{"aten::embedding", GuardWhen::kVmap, GuardAction::kReplace,
          "the batching rule forgets that the padding row takes no gradient", &replace_embedding},
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
      case GuardWhen::kSomeDerivative:
        return derivative_depth() >= 1;
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

// The observed operators by name; an overload in the table narrows a row down to it.
const std::unordered_map<std::string_view, const Guard*>& leaves() {
  static const auto* map = [] {
    auto* leaves = new std::unordered_map<std::string_view, const Guard*>();
    for (const Guard& guard : kTable) {
      const std::string_view op = guard.op;
      if (guard.when == GuardWhen::kJvpInsideDerivative) leaves->emplace(op.substr(0, op.find('.')), &guard);
    }
    return leaves;
  }();
  return *map;
}

bool is_overload(const Guard& guard, const at::RecordFunction& record) {
  const std::string_view op = guard.op;
  const size_t dot = op.find('.');
  if (dot == std::string_view::npos) return true;
  const auto name = record.operator_name();
  return name.has_value() && name->overload_name == op.substr(dot + 1);
}

std::unique_ptr<at::ObserverContext> on_operator(const at::RecordFunction& record) {
  const auto found = leaves().find(record.name());
  if (found == leaves().end() || !is_overload(*found->second, record)) return nullptr;
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
    case GuardWhen::kSomeDerivative:
      return "a derivative";
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
    if (!holds(guard->when) || (guard->applies != nullptr && !guard->applies(stack))) continue;
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

void require_not_refused() {
  if (const char* op = refusal_pending()) {
    throw Failure(VK_ERR_UNSUPPORTED, std::string(op) +
                                          " is refused in a jvp inside another derivative: its result would be wrong; "
                                          "use the operator that calls it in a form built from primitives");
  }
}

void require_undisturbed() {
  if (current_frame() == nullptr) return;
  require_not_refused();
  if (reroute_pending()) throw Reroute{};
}

std::string guards_text() {
  std::string text;
  for (const Guard& guard : kTable) {
    text +=
        std::string(guard.op) + "\t" + text_of(guard.when) + "\t" + text_of(guard.action) + "\t" + guard.reason + "\n";
  }
  return text;
}

}  // namespace viking
