// What the opaque handles of the C ABI point to, and how they are made, checked and counted.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "errors.h"
#include "viking_native.h"

struct vk_tensor_s {
  uint32_t magic;  // kTensorMagic while the handle lives: a released handle is told apart in most cases
  int32_t slot;    // which counter the bytes went to
  int64_t bytes;
  uint64_t frame;  // the frame the tensor is bound to, 0 for none; see NOTE [Frames]
  at::Tensor value;
};

struct vk_generator_s {
  at::Generator value;
};

namespace viking {

constexpr uint32_t kTensorMagic = 0x564B5431;

// A new handle, counted. An undefined tensor gives a null handle.
vk_tensor make_handle(at::Tensor value);

// The tensor behind a handle that the caller passed as `name`; checks null, released and escaped.
const at::Tensor& tensor_of(vk_tensor handle, const char* name);
const at::Tensor& tensor_of(vk_tensor handle, const char* name, int64_t index);

// The tensors of a list of handles. Null entries are allowed only where `nullable`; they become undefined tensors.
std::vector<at::Tensor> tensors_of(const vk_tensor* handles, int64_t count, const char* name, bool nullable = false);

// Takes the tensor out of a handle that was given away, and frees the handle.
at::Tensor take(vk_tensor handle) noexcept;

void release_handle(vk_tensor handle) noexcept;

// Counts objects other than tensors (pullbacks, generators) among the CPU's live handles.
void count_object(int64_t delta) noexcept;

// Handles for results: either all are made, or none stays behind.
void make_handles(const std::vector<at::Tensor>& values, vk_tensor* out);

// Short text of a tensor for messages: "float32[2, 3] cuda:0".
std::string describe(const at::Tensor& tensor);

// Name of a ScalarType code as this library writes it ("float32").
std::string dtype_name(int64_t code);

// A libtorch device from the ABI's pair; checks that it exists.
c10::Device device_of(int32_t device_type, int32_t device_index);

// Checks a dtype code of the ABI.
at::ScalarType dtype_of(int64_t code, const char* name);

// Whether the tensor is wrapped by a transform of libtorch.
bool is_wrapped(const at::Tensor& tensor);

}  // namespace viking
