// Operators from primitives whose rules are right. See NOTE [Guards].
#include "replacements.h"

#include <ATen/ATen.h>
#include <ATen/functorch/BatchedTensorImpl.h>

#include <limits>

#include "handles.h"

namespace viking {

using torch::jit::peek;
using torch::jit::pop;
using torch::jit::push;
using torch::jit::Stack;

static bool is_batched(const at::Tensor& tensor) { return at::functorch::maybeGetBatchedImpl(tensor) != nullptr; }

// Distances from primitives. Where a difference or distance is zero, the derivative is zero, as in cdist's own rule.
static at::Tensor masked_root(const at::Tensor& sum, double p) {
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
  if (!peek(stack, 2, 4).isTensor()) return false;
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

// ---- indexing ------------------------------------------------------------------------------------------------------

// A vector over `dim` of a tensor with `rank` dimensions.
static std::vector<int64_t> along(int64_t rank, int64_t dim, int64_t size) {
  std::vector<int64_t> view(static_cast<size_t>(rank), 1);
  view[static_cast<size_t>(dim)] = size;
  return view;
}

bool replace_select_scatter(Stack& stack) {
  int64_t index = pop(stack).toInt();
  int64_t dim = pop(stack).toInt();
  const at::Tensor src = pop(stack).toTensor();
  const at::Tensor self = pop(stack).toTensor();
  TORCH_CHECK_INDEX(dim >= -self.dim() && dim < self.dim(), "select_scatter: dimension out of range: ", dim);
  if (dim < 0) dim += self.dim();
  const int64_t size = self.size(dim);
  TORCH_CHECK_INDEX(index >= -size && index < size, "select_scatter: index out of range: ", index);
  if (index < 0) index += size;
  std::vector<int64_t> needed = self.sizes().vec();
  needed.erase(needed.begin() + dim);
  TORCH_CHECK(src.sizes().equals(needed), "select_scatter: the source has another shape than the selected slice");
  const at::Tensor here =
      at::arange(size, self.options().dtype(at::kLong)).eq(index).reshape(along(self.dim(), dim, size));
  push(stack, at::where(here, src.unsqueeze(dim).to(self.scalar_type()), self));
  return true;
}

bool replace_roll(Stack& stack) {
  // Only the case without dimensions: there the batching rule rolls the batch.
  if (peek(stack, 0, 3).toTensor().dim() != 0) return false;
  pop(stack);
  pop(stack);
  push(stack, pop(stack).toTensor().clone());
  return true;
}

bool replace_embedding(Stack& stack) {
  // weight, indices, padding_idx, scale_grad_by_freq, sparse: the padding row takes no gradient
  const int64_t padding = peek(stack, 2, 5).toInt();
  if (padding < 0 || peek(stack, 3, 5).toBool()) return false;
  torch::jit::drop(stack, 3);
  const at::Tensor indices = pop(stack).toTensor();
  const at::Tensor weight = pop(stack).toTensor();
  const int64_t rows = weight.size(0);
  const at::Tensor pad = at::arange(rows, weight.options().dtype(at::kLong)).eq(padding).unsqueeze(1);
  push(stack, at::embedding(at::where(pad, weight.detach(), weight), indices));
  return true;
}

// Indices as a tensor. (at::tensor would fill a fresh tensor by address, which a transform has wrapped.)
static at::Tensor index_tensor(std::vector<int64_t>& values, const at::Tensor& like) {
  const auto size = static_cast<int64_t>(values.size());
  return at::from_blob(values.data(), {size}, at::TensorOptions().dtype(at::kLong)).clone().to(like.device());
}

// The places in a flat tensor that as_strided looks at, row-major.
static std::vector<int64_t> strided_places(at::IntArrayRef sizes, at::IntArrayRef strides, int64_t offset) {
  TORCH_CHECK(sizes.size() == strides.size(), "as_strided: sizes and strides differ in length");
  std::vector<int64_t> places{offset};
  for (size_t d = 0; d < sizes.size(); ++d) {
    std::vector<int64_t> next;
    next.reserve(places.size() * static_cast<size_t>(sizes[d]));
    for (const int64_t place : places) {
      for (int64_t i = 0; i < sizes[d]; ++i) next.push_back(place + i * strides[d]);
    }
    places = std::move(next);
  }
  return places;
}

static void require_places(const std::vector<int64_t>& places, int64_t numel) {
  for (const int64_t place : places) {
    TORCH_CHECK_INDEX(place >= 0 && place < numel, "as_strided: place ", place, " is out of range for ", numel,
                      " elements");
  }
}

bool replace_as_strided(Stack& stack) {
  const at::Tensor& self = peek(stack, 0, 4).toTensor();
  // Strides count in the storage; only for a contiguous tensor does that say something about its elements.
  if (!self.is_contiguous()) {
    TORCH_CHECK_NOT_IMPLEMENTED(!is_batched(self),
                                "as_strided of a tensor that is not contiguous, under vmap, is refused");
    return false;
  }
  const c10::IValue offset = pop(stack);
  const auto strides = pop(stack).toIntVector();
  const auto sizes = pop(stack).toIntVector();
  const at::Tensor flat = pop(stack).toTensor().reshape({-1});
  auto places = strided_places(sizes, strides, offset.isNone() ? 0 : offset.toInt());
  require_places(places, flat.size(0));
  push(stack, flat.index_select(0, index_tensor(places, flat)).reshape(sizes));
  return true;
}

bool replace_as_strided_scatter(Stack& stack) {
  const c10::IValue offset = pop(stack);
  const auto strides = pop(stack).toIntVector();
  const auto sizes = pop(stack).toIntVector();
  const at::Tensor src = pop(stack).toTensor();
  const at::Tensor self = pop(stack).toTensor();
  TORCH_CHECK_NOT_IMPLEMENTED(self.is_contiguous(),
                              "as_strided_scatter of a tensor that is not contiguous is refused under transforms");
  TORCH_CHECK(src.sizes().equals(sizes), "as_strided_scatter: the source has another shape than the sizes");
  const auto places = strided_places(sizes, strides, offset.isNone() ? 0 : offset.toInt());
  const int64_t numel = self.numel();
  require_places(places, numel);
  // Where places repeat, the last one wins, and it alone has a derivative.
  std::vector<int64_t> winner(static_cast<size_t>(numel), -1);
  for (size_t i = 0; i < places.size(); ++i) winner[static_cast<size_t>(places[i])] = static_cast<int64_t>(i);
  const at::Tensor from = index_tensor(winner, self);
  const at::Tensor flat = self.reshape({-1});
  const at::Tensor written =
      places.empty() ? flat : at::where(from >= 0, src.reshape({-1}).index_select(0, from.clamp_min(0)), flat);
  push(stack, written.reshape(self.sizes()));
  return true;
}

// Max-unpooling over the last `spatial` dimensions. Where indices repeat, the last one wins, and it alone has a
// derivative.
static at::Tensor unpool(const at::Tensor& self, const at::Tensor& indices, at::IntArrayRef output_size) {
  const auto spatial = static_cast<int64_t>(output_size.size());
  TORCH_CHECK(self.dim() >= spatial && self.sizes().equals(indices.sizes()),
              "max_unpool: input and indices differ in shape");
  std::vector<int64_t> sizes(self.sizes().begin(), self.sizes().end() - spatial);
  std::vector<int64_t> flat_sizes = sizes;
  int64_t places = 1;
  for (const int64_t size : output_size) {
    sizes.push_back(size);
    places *= size;
  }
  flat_sizes.push_back(places);
  const at::Tensor values = self.flatten(self.dim() - spatial);
  const at::Tensor where = indices.flatten(indices.dim() - spatial);
  const at::Tensor order = at::arange(values.size(-1), where.options()).expand(where.sizes());
  const at::Tensor winner = at::full(flat_sizes, -1, where.options()).scatter_reduce(-1, where, order, "amax");
  const at::Tensor taken = values.gather(-1, winner.clamp_min(0));
  return at::where(winner >= 0, taken, at::zeros({}, values.options())).reshape(sizes);
}

bool replace_max_unpool2d(Stack& stack) {
  const auto output_size = pop(stack).toIntVector();
  const at::Tensor indices = pop(stack).toTensor();
  push(stack, unpool(pop(stack).toTensor(), indices, output_size));
  return true;
}

bool replace_max_unpool3d(Stack& stack) {
  torch::jit::drop(stack, 2);  // stride and padding: the output size says everything
  return replace_max_unpool2d(stack);
}

// v g / |v|, the norm over all dimensions but one.
bool replace_weight_norm(Stack& stack) {
  int64_t dim = pop(stack).toInt();
  const at::Tensor g = pop(stack).toTensor();
  const at::Tensor v = pop(stack).toTensor();
  at::Tensor norm;
  if (dim == -1) {
    norm = (v * v).sum().sqrt();
  } else {
    TORCH_CHECK(dim >= 0 && dim < v.dim(), "weight_norm: dimension out of range: ", dim);
    std::vector<int64_t> others;
    for (int64_t d = 0; d < v.dim(); ++d) {
      if (d != dim) others.push_back(d);
    }
    norm = others.empty() ? v.abs() : (v * v).sum(others, /*keepdim=*/true).sqrt();
  }
  push(stack, v * (g / norm));
  return true;
}

// The fused kernels have neither forward nor second derivatives, and no batching rules; matrix products and softmax do.
bool replace_scaled_dot_product_attention(Stack& stack) {
  const at::Tensor query = peek(stack, 0, 8).toTensor();
  const double dropout = peek(stack, 4, 8).toDouble();
  if (dropout != 0) return false;
  const auto key = peek(stack, 1, 8).toTensor();
  const auto value = peek(stack, 2, 8).toTensor();
  const auto mask = peek(stack, 3, 8).toOptional<at::Tensor>();
  const bool causal = peek(stack, 5, 8).toBool();
  const auto scale = peek(stack, 6, 8).toOptional<double>();
  const bool grouped = peek(stack, 7, 8).toBool();
  at::Tensor result = std::get<0>(
      at::_scaled_dot_product_attention_math(query, key, value, mask, 0.0, causal, std::nullopt, scale, grouped));
  torch::jit::drop(stack, 8);
  push(stack, std::move(result));
  return true;
}

}  // namespace viking
