// vmap on libtorch's functorch interpreter stack.
#include <ATen/ATen.h>
#include <ATen/functorch/BatchedTensorImpl.h>

#include "errors.h"
#include "handles.h"
#include "transforms.h"

namespace viking {
namespace {

int64_t wrap_dim(int64_t dim, int64_t rank, const char* what, size_t index) {
  if (dim < -rank || dim >= rank) {
    throw Failure(VK_ERR_SHAPE, std::string(what) + "[" + std::to_string(index) + "] is " + std::to_string(dim) +
                                    "; the tensor has " + std::to_string(rank) + " dimensions");
  }
  return dim < 0 ? dim + rank : dim;
}

struct Plan {
  std::vector<std::optional<int64_t>> in_dims;
  int64_t batch_size;
};

Plan plan(const Tensors& inputs, const VmapOptions& options) {
  if (options.in_dims.size() != inputs.size()) {
    throw Failure(VK_ERR_ARGUMENT,
                  std::to_string(options.in_dims.size()) + " in_dims for " + std::to_string(inputs.size()) + " inputs");
  }
  Plan result{{}, -1};
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!options.in_dims[i].has_value()) {
      result.in_dims.emplace_back();
      continue;
    }
    const int64_t dim = wrap_dim(*options.in_dims[i], inputs[i].dim(), "in_dims", i);
    const int64_t size = inputs[i].size(dim);
    if (result.batch_size >= 0 && size != result.batch_size) {
      throw Failure(VK_ERR_SHAPE, "vmap: inputs[" + std::to_string(i) + "] " + describe(inputs[i]) + " has size " +
                                      std::to_string(size) + " in its batched dimension " + std::to_string(dim) +
                                      ", others have " + std::to_string(result.batch_size));
    }
    result.batch_size = size;
    result.in_dims.emplace_back(dim);
  }
  require(result.batch_size >= 0, VK_ERR_ARGUMENT, "vmap: no input is batched (every in_dim is none)");
  require(result.batch_size > 0, VK_ERR_SHAPE, "vmap: the batch is empty");
  return result;
}

int64_t out_dim_of(const VmapOptions& options, size_t output, size_t num_outputs) {
  if (options.out_dims.size() == 1) return options.out_dims.front();
  if (options.out_dims.size() != num_outputs) {
    throw Failure(VK_ERR_ARGUMENT, "vmap: " + std::to_string(options.out_dims.size()) +
                                       " out_dims, but the function returned " + std::to_string(num_outputs) +
                                       " outputs");
  }
  return options.out_dims[output];
}

// The batch dimension made visible again at `out_dim`; an output that no batched input reached is repeated.
at::Tensor expose(const at::Tensor& output, int64_t level, int64_t batch_size, int64_t out_dim, size_t index) {
  const auto* batched = at::functorch::maybeGetBatchedImpl(output);
  const int64_t target = wrap_dim(out_dim, output.dim() + 1, "out_dims", index);
  if (batched == nullptr || batched->level() < level) {
    std::vector<int64_t> sizes = output.sizes().vec();
    sizes.insert(sizes.begin() + target, batch_size);
    return output.unsqueeze(target).expand(sizes);
  }
  return batched->value().movedim(batched->bdim(), target);
}

Tensors run(const Function& function, const Tensors& inputs, const Plan& plan, const VmapOptions& options) {
  const Level level = Level::vmap(plan.batch_size, options.randomness);
  Tensors examples;
  examples.reserve(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    examples.push_back(plan.in_dims[i].has_value() ? at::functorch::addBatchDim(inputs[i], *plan.in_dims[i], level.id())
                                                   : inputs[i]);
  }
  const Tensors outputs = function(examples);
  Tensors exposed;
  exposed.reserve(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    exposed.push_back(expose(outputs[i], level.id(), plan.batch_size, out_dim_of(options, i, outputs.size()), i));
  }
  return exposed;
}

}  // namespace

Tensors vmap(const Function& function, const Tensors& inputs, const VmapOptions& options) {
  const Plan whole = plan(inputs, options);
  if (options.chunk_size <= 0 || options.chunk_size >= whole.batch_size) return run(function, inputs, whole, options);

  std::vector<Tensors> pieces;  // [output][chunk]
  for (int64_t start = 0; start < whole.batch_size; start += options.chunk_size) {
    Plan part = whole;
    part.batch_size = std::min(options.chunk_size, whole.batch_size - start);
    Tensors slices;
    for (size_t i = 0; i < inputs.size(); ++i) {
      slices.push_back(whole.in_dims[i].has_value() ? inputs[i].narrow(*whole.in_dims[i], start, part.batch_size)
                                                    : inputs[i]);
    }
    const Tensors outputs = run(function, slices, part, options);
    pieces.resize(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) pieces[i].push_back(outputs[i]);
  }
  Tensors joined;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const int64_t dim = wrap_dim(out_dim_of(options, i, pieces.size()), pieces[i].front().dim(), "out_dims", i);
    joined.push_back(at::cat(pieces[i], dim));
  }
  return joined;
}

}  // namespace viking
