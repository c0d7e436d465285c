// The transforms as C++ functions over tensors; the exports in transforms.cpp are thin shells around them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "frames.h"
#include "viking_native.h"

namespace viking {

using Tensors = std::vector<at::Tensor>;
using Function = std::function<Tensors(const Tensors&)>;

// The caller's function as a C++ one. Throws CallbackFailure when it reports failure.
Function callback(vk_function function, int64_t context);

struct JvpResult {
  Tensors outputs;
  Tensors tangents;
};

// One evaluation kept for pulling back. The tensors are those of its (ended) grad level.
struct Pullback {
  Tensors outputs;
  Tensors primals;
  uint64_t frame = 0;  // the frame around the evaluation, 0 for none
};

struct VjpResult {
  Tensors outputs;
  std::shared_ptr<Pullback> pullback;
};

struct GradResult {
  Tensors outputs;
  Tensors gradients;
};

struct HvpResult {
  at::Tensor value;
  Tensors gradients;
  Tensors products;
};

struct VmapOptions {
  std::vector<std::optional<int64_t>> in_dims;
  std::vector<int64_t> out_dims;  // one for each output, or one for all
  int64_t chunk_size = 0;
  at::functorch::RandomnessType randomness = at::functorch::RandomnessType::Error;
};

struct JacobianResult {
  Tensors outputs;
  Tensors jacobians;  // [output * primals + primal]
};

// transforms_ad.cpp
JvpResult jvp(const Function& function, const Tensors& primals, const Tensors& tangents);
VjpResult vjp(const Function& function, const Tensors& primals);
Tensors pull_back(const Pullback& pullback, const Tensors& cotangents);
GradResult grad(const Function& function, const Tensors& primals, int32_t create_graph);
HvpResult hvp(const Function& function, const Tensors& primals, const Tensors& vectors, int32_t mode);

// transforms_vmap.cpp
Tensors vmap(const Function& function, const Tensors& inputs, const VmapOptions& options);

// jacobians.cpp
JacobianResult jacrev(const Function& function, const Tensors& primals, int64_t chunk_size);
JacobianResult jacfwd(const Function& function, const Tensors& primals, int64_t chunk_size);

// Checks that every tensor is floating (or complex), as derivatives need.
void require_floating(const Tensors& tensors, const char* name);

// Checks that `given` pairs up with `expected` in sizes, dtype and device; undefined entries pass where `nullable`.
void require_alike(const Tensors& given, const char* given_name, const Tensors& expected, const char* expected_name,
                   bool nullable = false);

}  // namespace viking
