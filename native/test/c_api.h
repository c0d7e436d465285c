// Small C++ wrappers around the C ABI, so that tests read like mathematics. Only the ABI is used: no libtorch header.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "viking_native.h"

namespace capi {

class Error : public std::runtime_error {
 public:
  Error(int32_t status, const std::string& message) : std::runtime_error(message), status(status) {}
  int32_t status;
};

inline void check(int32_t status, const char* error) {
  if (status != VK_OK) throw Error(status, error);
}

// Owns one handle.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(vk_tensor handle) : handle_(handle) {}
  Tensor(Tensor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Tensor& operator=(Tensor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Tensor(const Tensor& other) {
    char error[1024];
    if (other.handle_ != nullptr) check(vk_tensor_retain(other.handle_, &handle_, error, sizeof error), error);
  }
  Tensor& operator=(const Tensor& other) { return *this = Tensor(other); }
  ~Tensor() { vk_tensor_release(&handle_, 1); }
  vk_tensor get() const { return handle_; }
  vk_tensor release() { return std::exchange(handle_, nullptr); }

 private:
  vk_tensor handle_ = nullptr;
};

using Tensors = std::vector<Tensor>;
using Function = std::function<Tensors(const Tensors&)>;

inline Tensor make(const std::vector<double>& data, std::vector<int64_t> sizes) {
  char error[1024];
  vk_tensor handle = nullptr;
  check(vk_tensor_from_data(data.data(), static_cast<int64_t>(data.size() * 8), VK_FLOAT64, sizes.data(),
                            static_cast<int64_t>(sizes.size()), VK_CPU, -1, &handle, error, sizeof error),
        error);
  return Tensor(handle);
}

inline vk_value tensor(const Tensor& t) {
  vk_value value{VK_TENSOR, 0, 0, {}};
  value.as.p = t.get();
  return value;
}
inline vk_value integer(int64_t i) {
  vk_value value{VK_INT, 0, 0, {}};
  value.as.i = i;
  return value;
}
inline vk_value number(double d) {
  vk_value value{VK_DOUBLE, 0, 0, {}};
  value.as.d = d;
  return value;
}
inline vk_value boolean(bool b) {
  vk_value value{VK_BOOL_VALUE, 0, 0, {}};
  value.as.i = b ? 1 : 0;
  return value;
}
inline vk_value none() { return vk_value{VK_NONE, 0, 0, {}}; }
inline vk_value integers(const std::vector<int64_t>& list) {
  vk_value value{VK_INT_LIST, 0, static_cast<int64_t>(list.size()), {}};
  value.as.p = list.data();
  return value;
}

inline Tensors call_all(const char* name, const char* overload, const std::vector<vk_value>& arguments) {
  char error[4096];
  vk_op op = nullptr;
  check(vk_op_find(name, overload, &op, error, sizeof error), error);
  vk_value results[16];
  int64_t count = 0;
  check(vk_op_call(op, arguments.data(), static_cast<int64_t>(arguments.size()), results, 16, &count, error,
                   sizeof error),
        error);
  Tensors tensors;
  for (int64_t i = 0; i < count; ++i) {
    if (results[i].kind == VK_TENSOR) {
      tensors.emplace_back(static_cast<vk_tensor>(const_cast<void*>(results[i].as.p)));
    } else {
      tensors.emplace_back();
    }
  }
  return tensors;
}

inline Tensor call(const char* name, const char* overload, const std::vector<vk_value>& arguments) {
  return std::move(call_all(name, overload, arguments).front());
}

inline Tensor mul(const Tensor& a, const Tensor& b) { return call("aten::mul", "Tensor", {tensor(a), tensor(b)}); }
inline Tensor add(const Tensor& a, const Tensor& b) { return call("aten::add", "Tensor", {tensor(a), tensor(b)}); }
inline Tensor matmul(const Tensor& a, const Tensor& b) { return call("aten::matmul", "", {tensor(a), tensor(b)}); }
inline Tensor tanh(const Tensor& a) { return call("aten::tanh", "", {tensor(a)}); }
inline Tensor sum(const Tensor& a) { return call("aten::sum", "", {tensor(a)}); }

inline std::vector<int64_t> sizes(const Tensor& t) {
  char error[1024];
  vk_tensor_meta meta;
  int64_t data[VK_MAX_DIMS];
  check(vk_tensor_describe(t.get(), &meta, data, nullptr, VK_MAX_DIMS, error, sizeof error), error);
  return {data, data + meta.ndim};
}

inline std::vector<double> read(const Tensor& t) {
  int64_t count = 1;
  for (int64_t size : sizes(t)) count *= size;
  std::vector<double> data(static_cast<size_t>(count));
  char error[1024];
  check(vk_tensor_read(t.get(), data.data(), count * 8, error, sizeof error), error);
  return data;
}

// The C++ function behind a vk_function. Exceptions become a status, as a binding must do.
inline int32_t trampoline(int64_t context, const vk_tensor* inputs, int64_t num_inputs, vk_tensor* outputs,
                          int64_t* num_outputs) {
  const auto& function = *reinterpret_cast<const Function*>(context);
  try {
    Tensors arguments;
    for (int64_t i = 0; i < num_inputs; ++i) {
      char error[1024];
      vk_tensor handle = nullptr;
      check(vk_tensor_retain(inputs[i], &handle, error, sizeof error), error);
      arguments.emplace_back(handle);
    }
    Tensors results = function(arguments);
    for (size_t i = 0; i < results.size(); ++i) outputs[i] = results[i].release();
    *num_outputs = static_cast<int64_t>(results.size());
    return VK_OK;
  } catch (const Error& e) {
    return e.status == VK_ERR_REROUTE ? VK_ERR_REROUTE : VK_ERR_CALLBACK;
  } catch (...) {
    return VK_ERR_CALLBACK;
  }
}

inline std::vector<vk_tensor> raw(const Tensors& tensors) {
  std::vector<vk_tensor> handles;
  for (const auto& t : tensors) handles.push_back(t.get());
  return handles;
}

inline Tensors own(const std::vector<vk_tensor>& handles, int64_t count) {
  Tensors tensors;
  for (int64_t i = 0; i < count; ++i) tensors.emplace_back(handles[static_cast<size_t>(i)]);
  return tensors;
}

constexpr int64_t kRoom = 16;

inline int64_t context_of(const Function& function) { return reinterpret_cast<int64_t>(&function); }

// Outputs followed by output tangents.
inline std::pair<Tensors, Tensors> jvp(const Function& f, const Tensors& primals, const Tensors& tangents) {
  char error[4096];
  std::vector<vk_tensor> out(kRoom);
  std::vector<vk_tensor> push(kRoom);
  int64_t count = 0;
  check(vk_jvp(trampoline, context_of(f), raw(primals).data(), raw(tangents).data(),
               static_cast<int64_t>(primals.size()), out.data(), push.data(), kRoom, &count, error, sizeof error),
        error);
  return {own(out, count), own(push, count)};
}

class Pullback {
 public:
  Pullback(const Function& f, const Tensors& primals) : num_primals_(static_cast<int64_t>(primals.size())) {
    char error[4096];
    std::vector<vk_tensor> out(kRoom);
    int64_t count = 0;
    check(vk_vjp(trampoline, context_of(f), raw(primals).data(), num_primals_, out.data(), kRoom, &count, &handle_,
                 error, sizeof error),
          error);
    outputs = own(out, count);
  }
  ~Pullback() { vk_pullback_release(handle_); }
  Pullback(const Pullback&) = delete;
  Pullback& operator=(const Pullback&) = delete;

  Tensors operator()(const Tensors& cotangents) const {
    char error[4096];
    std::vector<vk_tensor> gradients(static_cast<size_t>(num_primals_));
    check(vk_pullback_apply(handle_, raw(cotangents).data(), static_cast<int64_t>(cotangents.size()), gradients.data(),
                            num_primals_, error, sizeof error),
          error);
    return own(gradients, num_primals_);
  }

  Tensors outputs;

 private:
  int64_t num_primals_;
  vk_pullback handle_ = nullptr;
};

inline Tensors grad(const Function& f, const Tensors& primals, int32_t create_graph = VK_GRAPH_AUTO) {
  char error[4096];
  const auto n = static_cast<int64_t>(primals.size());
  std::vector<vk_tensor> out(kRoom);
  std::vector<vk_tensor> gradients(primals.size());
  int64_t count = 0;
  check(vk_grad(trampoline, context_of(f), raw(primals).data(), n, create_graph, out.data(), kRoom, &count,
                gradients.data(), error, sizeof error),
        error);
  own(out, count);
  return own(gradients, n);
}

inline Tensors vmap(const Function& f, const Tensors& inputs, const std::vector<int64_t>& in_dims,
                    const std::vector<int64_t>& out_dims = {0}, int64_t chunk = 0, int32_t randomness = 0) {
  char error[4096];
  std::vector<vk_tensor> out(kRoom);
  int64_t count = 0;
  check(vk_vmap(trampoline, context_of(f), raw(inputs).data(), in_dims.data(), static_cast<int64_t>(inputs.size()),
                out_dims.data(), static_cast<int64_t>(out_dims.size()), chunk, randomness, out.data(), kRoom, &count,
                error, sizeof error),
        error);
  return own(out, count);
}

inline Tensors jacobian(bool forward, const Function& f, const Tensors& primals, int64_t chunk = 0) {
  char error[4096];
  const auto n = static_cast<int64_t>(primals.size());
  std::vector<vk_tensor> out(kRoom);
  std::vector<vk_tensor> rows(static_cast<size_t>(kRoom * n));
  int64_t count = 0;
  auto* transform = forward ? vk_jacfwd : vk_jacrev;
  check(transform(trampoline, context_of(f), raw(primals).data(), n, chunk, out.data(), rows.data(), kRoom, &count,
                  error, sizeof error),
        error);
  own(out, count);
  return own(rows, count * n);
}

inline Tensor hvp(const Function& f, const Tensor& x, const Tensor& v, int32_t mode) {
  char error[4096];
  const vk_tensor primal = x.get();
  const vk_tensor vector = v.get();
  vk_tensor value = nullptr;
  vk_tensor gradient = nullptr;
  vk_tensor product = nullptr;
  check(vk_hvp(trampoline, context_of(f), &primal, &vector, 1, mode, &value, &gradient, &product, error, sizeof error),
        error);
  Tensor first(value);
  Tensor second(gradient);
  return Tensor(product);
}

inline int64_t live_handles() {
  vk_live_counts counts;
  vk_live(VK_CPU, -1, &counts);
  return counts.handles;
}

}  // namespace capi
