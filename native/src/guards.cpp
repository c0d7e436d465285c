#include "guards.h"

#include <ATen/ATen.h>

#include <array>
#include <limits>
#include <string_view>
#include <unordered_set>

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

void replace_cdist(Stack& stack) {
  const auto compute_mode = pop(stack);  // how to compute: no influence on the value
  const double p = pop(stack).toDouble();
  const at::Tensor x2 = pop(stack).toTensor();
  const at::Tensor x1 = pop(stack).toTensor();
  TORCH_CHECK(x1.dim() >= 2 && x2.dim() >= 2, "cdist: needs at least two dimensions");
  TORCH_CHECK(x1.size(-1) == x2.size(-1), "cdist: the last dimensions differ in size: ", x1.size(-1), " and ", x2.size(-1));
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
}

// index_fill is a scatter of one value along the dimension.
at::Tensor scatter_index(const at::Tensor& self, int64_t dim, const at::Tensor& index) {
  TORCH_CHECK(index.dim() <= 1, "index_fill: the index has more than one dimension");
  std::vector<int64_t> view(static_cast<size_t>(self.dim()), 1);
  std::vector<int64_t> sizes = self.sizes().vec();
  const auto at_dim = static_cast<size_t>(dim);
  view[at_dim] = index.numel();
  sizes[at_dim] = index.numel();
  return index.to(at::kLong).reshape(view).expand(sizes);
}

void replace_index_fill(Stack& stack) {
  const c10::IValue value = pop(stack);
  const at::Tensor index = pop(stack).toTensor();
  int64_t dim = pop(stack).toInt();
  at::Tensor self = pop(stack).toTensor();
  const bool scalar = self.dim() == 0;
  if (scalar) self = self.unsqueeze(0);
  TORCH_CHECK(dim >= -self.dim() && dim < self.dim(), "index_fill: dimension out of range: ", dim);
  if (dim < 0) dim += self.dim();
  const at::Tensor where = scatter_index(self, dim, index);
  at::Tensor filled;
  if (value.isTensor()) {
    TORCH_CHECK(value.toTensor().dim() == 0, "index_fill: the value must have no dimensions");
    filled = self.scatter(dim, where, value.toTensor().to(self.scalar_type()).expand(where.sizes()));
  } else {
    filled = self.scatter(dim, where, value.toScalar());
  }
  push(stack, scalar ? filled.squeeze(0) : filled);
}

constexpr const char* kNoGraph =
    "the forward rule uses a saved intermediate (statistics or a factorisation) as if it did not depend on the input, "
    "so the derivative of the product is wrong";

constexpr std::array kTable{
    Guard{"aten::native_layer_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::native_batch_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::_native_batch_norm_legit", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::_batch_norm_with_update", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::batch_norm_with_update", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::cudnn_batch_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::miopen_batch_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
    Guard{"aten::native_group_norm", GuardWhen::kJvpInsideDerivative, GuardAction::kReverse, kNoGraph},
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
    Guard{"aten::logcumsumexp", GuardWhen::kJvp, GuardAction::kReverse,
          "the forward rule loses half of the digits"},
    Guard{"aten::triangular_solve", GuardWhen::kGradInsideJvp, GuardAction::kReverse,
          "forward over reverse gives a wrong product"},
    Guard{"aten::cdist", GuardWhen::kTransform, GuardAction::kReplace,
          "its backward has no right batching rule, and it has no forward rule", &replace_cdist},
    Guard{"aten::index_fill", GuardWhen::kVmap, GuardAction::kReplace,
          "the batching rule fills the wrong places where the index is batched", &replace_index_fill},
};

bool holds(GuardWhen when) noexcept {
  bool inner_grad = false;
  bool inner_jvp = false;
  for (const Frame* frame = current_frame(); frame != nullptr; frame = frame->parent) {
    switch (when) {
      case GuardWhen::kTransform:
        return true;
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

const std::unordered_set<std::string_view>& leaf_names() {
  static const auto* names = [] {
    auto* set = new std::unordered_set<std::string_view>();
    for (const Guard& guard : kTable) {
      if (guard.when == GuardWhen::kJvpInsideDerivative) set->insert(guard.op);
    }
    return set;
  }();
  return *names;
}

std::unique_ptr<at::ObserverContext> on_operator(const at::RecordFunction& record) {
  if (leaf_names().count(record.name()) != 0) request_reroute(record.name());
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
    if (name == guard.op) guards_.push_back(&guard);
  }
}

bool OperatorGuards::apply(torch::jit::Stack& stack) const {
  for (const Guard* guard : guards_) {
    if (!holds(guard->when)) continue;
    switch (guard->action) {
      case GuardAction::kReverse:
        if (request_reroute(guard->reason)) throw Reroute{};
        break;
      case GuardAction::kRefuse:
        throw Failure(VK_ERR_UNSUPPORTED, std::string(guard->op) + " is refused under " + text_of(guard->when) + ": " +
                                              guard->reason);
      case GuardAction::kReplace:
        guard->replacement(stack);
        return true;
    }
  }
  return false;
}

LeafObserver::LeafObserver()
    : handle_(at::addThreadLocalCallback(
          at::RecordFunctionCallback(&on_operator).scopes({at::RecordScope::FUNCTION}))) {}

LeafObserver::~LeafObserver() { at::removeCallback(handle_); }

std::string guards_text() {
  std::string text;
  for (const Guard& guard : kTable) {
    text += std::string(guard.op) + "\t" + text_of(guard.when) + "\t" + text_of(guard.action) + "\t" + guard.reason + "\n";
  }
  return text;
}

}  // namespace viking
