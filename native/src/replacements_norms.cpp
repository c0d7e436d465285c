// Norms from primitives. See NOTE [Guards].
#include "replacements.h"

#include <ATen/ATen.h>
#include <ATen/functorch/TensorWrapper.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include "handles.h"

namespace viking {

using torch::jit::peek;
using torch::jit::pop;
using torch::jit::push;
using torch::jit::Stack;

// Batch statistics over `dims` and the normalised input; the statistics keep the reduced dimensions.
namespace {

struct Normalised {
  at::Tensor output;
  at::Tensor mean;
  at::Tensor inverse_deviation;
  at::Tensor variance;
};

}  // namespace

static Normalised normalise(const at::Tensor& input, const std::vector<int64_t>& dims, double eps) {
  Normalised result;
  result.mean = input.mean(dims, /*keepdim=*/true);
  const at::Tensor centred = input - result.mean;
  result.variance = (centred * centred).mean(dims, /*keepdim=*/true);
  result.inverse_deviation = (result.variance + eps).rsqrt();
  result.output = centred * result.inverse_deviation;
  return result;
}

static at::Tensor affine(at::Tensor normal, const c10::IValue& weight, const c10::IValue& bias,
                         const std::vector<int64_t>& view) {
  if (!weight.isNone() && weight.toTensor().defined()) normal = normal * weight.toTensor().reshape(view);
  if (!bias.isNone() && bias.toTensor().defined()) normal = normal + bias.toTensor().reshape(view);
  return normal;
}

static Normalised layer_norm(const at::Tensor& input, const std::vector<int64_t>& shape, const c10::IValue& weight,
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

static bool has_tensor(const c10::IValue& value) { return !value.isNone() && value.toTensor().defined(); }

// Running statistics are state beside the function: they are updated in place with the bare value, below all
// transforms, as the fused kernel does.
static void update_running(const c10::IValue& running, const at::Tensor& batch, double momentum) {
  if (!has_tensor(running)) return;
  at::Tensor value = batch;
  while (const auto* wrapper = at::functorch::maybeGetTensorWrapper(value)) value = wrapper->value();
  TORCH_CHECK(!is_wrapped(value), "batch_norm: running statistics cannot be updated inside vmap");
  const c10::impl::ExcludeDispatchKeyGuard front(c10::DispatchKey::FuncTorchDynamicLayerFrontMode);
  const c10::impl::ExcludeDispatchKeyGuard back(c10::DispatchKey::FuncTorchDynamicLayerBackMode);
  const at::AutoDispatchBelowADInplaceOrView below;
  running.toTensor().mul_(1 - momentum).add_(value, momentum);
}

// Batch norm: per channel (dimension 1) over all other dimensions in training, by running statistics otherwise.
static Normalised batch_norm(const at::Tensor& input, const c10::IValue& weight, const c10::IValue& bias,
                             const c10::IValue& running_mean, const c10::IValue& running_var, bool training,
                             double momentum, double eps) {
  TORCH_CHECK(input.dim() >= 2, "batch_norm: the input needs at least two dimensions");
  std::vector<int64_t> dims{0};
  std::vector<int64_t> view(static_cast<size_t>(input.dim()), 1);
  view[1] = input.size(1);
  for (int64_t d = 2; d < input.dim(); ++d) dims.push_back(d);
  if (!training) {
    TORCH_CHECK(has_tensor(running_mean) && has_tensor(running_var), "batch_norm: evaluation needs running statistics");
    const at::Tensor deviation = (running_var.toTensor() + eps).rsqrt().reshape(view);
    const at::Tensor normal = (input - running_mean.toTensor().reshape(view)) * deviation;
    const at::Tensor empty = at::empty({0}, input.options());
    return {affine(normal, weight, bias, view), empty, empty, empty};
  }
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
  pop(stack);
  const double eps = pop(stack).toDouble();
  const double momentum = pop(stack).toDouble();
  const bool training = pop(stack).toBool();
  const auto running_var = pop(stack);
  const auto running_mean = pop(stack);
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  push(stack,
       batch_norm(pop(stack).toTensor(), weight, bias, running_mean, running_var, training, momentum, eps).output);
  return true;
}

bool replace_native_batch_norm(Stack& stack) {
  // input, weight, bias, [running_mean, running_var,] training, momentum, eps: the overload no_stats has no statistics
  const bool stats = stack.size() == 8;
  const double eps = pop(stack).toDouble();
  const double momentum = pop(stack).toDouble();
  const bool training = pop(stack).toBool();
  const auto running_var = stats ? pop(stack) : c10::IValue();
  const auto running_mean = stats ? pop(stack) : c10::IValue();
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  const Normalised result =
      batch_norm(pop(stack).toTensor(), weight, bias, running_mean, running_var, training, momentum, eps);
  push(stack, result.output, result.mean.flatten(), result.inverse_deviation.flatten());
  return true;
}

bool replace_batch_norm_evaluation(Stack& stack) {
  // input, weight, bias, running_mean, running_var, momentum, eps
  const double eps = pop(stack).toDouble();
  pop(stack);
  const auto running_var = pop(stack);
  const auto running_mean = pop(stack);
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  const Normalised result = batch_norm(pop(stack).toTensor(), weight, bias, running_mean, running_var, false, 0, eps);
  push(stack, result.output, result.mean, result.inverse_deviation);
  return true;
}

bool replace_instance_norm(Stack& stack) {
  // input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled
  const bool instance = peek(stack, 5, 9).toBool();
  if (instance && (has_tensor(peek(stack, 3, 9)) || has_tensor(peek(stack, 4, 9)))) return false;
  pop(stack);
  const double eps = pop(stack).toDouble();
  pop(stack);
  pop(stack);
  const auto running_var = pop(stack);
  const auto running_mean = pop(stack);
  const auto bias = pop(stack);
  const auto weight = pop(stack);
  const at::Tensor input = pop(stack).toTensor();
  if (!instance) {
    push(stack, batch_norm(input, weight, bias, running_mean, running_var, false, 0, eps).output);
    return true;
  }
  TORCH_CHECK(input.dim() >= 3, "instance_norm: the input needs at least three dimensions");
  std::vector<int64_t> dims;
  std::vector<int64_t> view(static_cast<size_t>(input.dim()), 1);
  view[1] = input.size(1);
  for (int64_t d = 2; d < input.dim(); ++d) dims.push_back(d);
  push(stack, affine(normalise(input, dims, eps).output, weight, bias, view));
  return true;
}

}  // namespace viking
