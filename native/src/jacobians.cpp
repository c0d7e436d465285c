// Jacobians as batched products: rows by vmap over a pullback, columns by vmap over jvp.
#include <ATen/ATen.h>

#include "errors.h"
#include "handles.h"
#include "transforms.h"

namespace viking {
namespace {

std::vector<int64_t> joined_sizes(const at::Tensor& first, const at::Tensor& second) {
  std::vector<int64_t> sizes = first.sizes().vec();
  sizes.insert(sizes.end(), second.sizes().begin(), second.sizes().end());
  return sizes;
}

// Rows [start, start + count) of the identity, shaped as `like` behind the first dimension.
at::Tensor basis(const at::Tensor& like, int64_t start, int64_t count) {
  std::vector<int64_t> sizes = like.sizes().vec();
  sizes.insert(sizes.begin(), count);
  at::Tensor rows = at::zeros({count, like.numel()}, like.options());
  const at::Tensor index = at::arange(count, like.options().dtype(at::kLong)).unsqueeze(1);
  rows = rows.scatter(1, index + start, at::ones({count, 1}, like.options()));
  return rows.reshape(sizes);
}

// Maps over the first dimension of `batch`: by vmap, or one by one where an operator has no batching rule.
Tensors map_over(const std::function<Tensors(const at::Tensor&)>& function, const at::Tensor& batch) {
  try {
    const VmapOptions options{{0}, {0}, 0, at::functorch::RandomnessType::Same};
    return vmap([&](const Tensors& inputs) { return function(inputs.front()); }, {batch}, options);
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error&) {
    if (reroute_pending()) throw;
  }
  std::vector<Tensors> pieces;
  for (int64_t i = 0; i < batch.size(0); ++i) {
    const Tensors outputs = function(batch.select(0, i));
    pieces.resize(outputs.size());
    for (size_t o = 0; o < outputs.size(); ++o) pieces[o].push_back(outputs[o]);
  }
  Tensors stacked;
  for (const auto& piece : pieces) stacked.push_back(at::stack(piece));
  return stacked;
}

// Runs `function` over the identity of `like`'s elements in chunks; each result is joined along dimension 0.
Tensors over_basis(const std::function<Tensors(const at::Tensor&)>& function, const at::Tensor& like,
                   int64_t chunk_size) {
  const int64_t total = like.numel();
  const int64_t step = chunk_size <= 0 ? total : std::min(chunk_size, total);
  std::vector<Tensors> pieces;
  for (int64_t start = 0; start < total; start += step) {
    const Tensors outputs = map_over(function, basis(like, start, std::min(step, total - start)));
    pieces.resize(outputs.size());
    for (size_t o = 0; o < outputs.size(); ++o) pieces[o].push_back(outputs[o]);
  }
  Tensors joined;
  for (const auto& piece : pieces) joined.push_back(piece.size() == 1 ? piece.front() : at::cat(piece));
  return joined;
}

}  // namespace

JacobianResult jacrev(const Function& function, const Tensors& primals, int64_t chunk_size) {
  const VjpResult evaluation = vjp(function, primals);
  JacobianResult result{evaluation.outputs, {}};
  const size_t num_outputs = result.outputs.size();
  for (size_t o = 0; o < num_outputs; ++o) {
    const at::Tensor& output = result.outputs[o];
    if (output.numel() == 0 || !(output.is_floating_point() || output.is_complex())) {
      for (const auto& primal : primals) {
        result.jacobians.push_back(at::zeros(joined_sizes(output, primal), primal.options()));
      }
      continue;
    }
    const auto rows = over_basis(
        [&](const at::Tensor& cotangent) {
          Tensors cotangents(num_outputs);
          cotangents[o] = cotangent;
          return pull_back(*evaluation.pullback, cotangents);
        },
        output, chunk_size);
    for (size_t p = 0; p < primals.size(); ++p) {
      result.jacobians.push_back(rows[p].reshape(joined_sizes(output, primals[p])));
    }
  }
  return result;
}

JacobianResult jacfwd(const Function& function, const Tensors& primals, int64_t chunk_size) {
  JacobianResult result;
  std::vector<Tensors> columns;  // [primal][output]
  for (size_t p = 0; p < primals.size(); ++p) {
    if (primals[p].numel() == 0) {
      columns.emplace_back();
      continue;
    }
    columns.push_back(over_basis(
        [&](const at::Tensor& direction) {
          Tensors tangents;
          for (size_t i = 0; i < primals.size(); ++i) {
            tangents.push_back(i == p ? direction : at::zeros_like(primals[i]));
          }
          JvpResult pushed = jvp(function, primals, tangents);
          // The same outputs come with every chunk; the first is as good as any.
          if (result.outputs.empty()) result.outputs = Tensors(pushed.outputs.size());
          Tensors all = std::move(pushed.tangents);
          all.insert(all.end(), pushed.outputs.begin(), pushed.outputs.end());
          return all;
        },
        primals[p], chunk_size));
    const size_t num_outputs = result.outputs.size();
    for (size_t o = 0; o < num_outputs; ++o) result.outputs[o] = columns.back()[num_outputs + o].select(0, 0);
  }
  if (result.outputs.empty()) result.outputs = function(primals);
  for (size_t o = 0; o < result.outputs.size(); ++o) {
    const at::Tensor& output = result.outputs[o];
    for (size_t p = 0; p < primals.size(); ++p) {
      const auto sizes = joined_sizes(output, primals[p]);
      if (columns[p].empty()) {
        result.jacobians.push_back(at::zeros(sizes, primals[p].options()));
      } else {
        result.jacobians.push_back(columns[p][o].movedim(0, -1).reshape(sizes));
      }
    }
  }
  return result;
}

}  // namespace viking
