#include "handles.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <c10/core/DispatchKeySet.h>

#include <array>
#include <atomic>
#include <memory>

#include "frames.h"

namespace viking {
namespace {

// Slot 0 is the CPU, 1 + i is cuda:i, the last one everything else.
constexpr int32_t kSlots = 34;

struct alignas(64) Counter {
  std::atomic<int64_t> handles{0};
  std::atomic<int64_t> bytes{0};
};

std::array<Counter, kSlots> counters;

int32_t slot_of(const c10::Device& device) noexcept {
  if (device.is_cpu()) return 0;
  if (device.is_cuda() && device.index() >= 0 && device.index() < kSlots - 2) return 1 + device.index();
  return kSlots - 1;
}

[[noreturn]] void refuse(int32_t status, const char* name, int64_t index, const char* problem) {
  std::string text = name;
  if (index >= 0) text += "[" + std::to_string(index) + "]";
  throw Failure(status, text + " " + problem);
}

const at::Tensor& checked(vk_tensor handle, const char* name, int64_t index) {
  if (handle == nullptr) refuse(VK_ERR_CLOSED, name, index, "is null; a tensor is needed");
  if (handle->magic != kTensorMagic) refuse(VK_ERR_CLOSED, name, index, "has been released");
  if (handle->frame != 0 && !frame_is_active(handle->frame)) {
    refuse(VK_ERR_ESCAPED, name, index,
           "was made inside a transform that has ended, or runs on another thread; return it from the transformed "
           "function instead");
  }
  return handle->value;
}

}  // namespace

bool is_wrapped(const at::Tensor& tensor) {
  return tensor.unsafeGetTensorImpl()->key_set().has_any(
      c10::DispatchKeySet({c10::DispatchKey::FuncTorchGradWrapper, c10::DispatchKey::FuncTorchBatched}));
}

vk_tensor make_handle(at::Tensor value) {
  if (!value.defined()) return nullptr;
  // Forward mode may answer with zeros that have no storage; outside libtorch they must be ordinary zeros.
  if (value._is_zerotensor()) value = at::zeros(value.sizes(), value.options());
  const Frame* frame = current_frame();
  const uint64_t bound = frame != nullptr && is_wrapped(value) ? frame->id : 0;
  int64_t bytes = 0;
  if (!value.is_sparse()) bytes = value.numel() * static_cast<int64_t>(value.element_size());
  const int32_t slot = slot_of(value.device());
  auto* handle = new vk_tensor_s{kTensorMagic, slot, bytes, bound, std::move(value)};
  auto& counter = counters[static_cast<size_t>(slot)];
  counter.handles.fetch_add(1, std::memory_order_relaxed);
  counter.bytes.fetch_add(bytes, std::memory_order_relaxed);
  return handle;
}

void release_handle(vk_tensor handle) noexcept {
  if (handle == nullptr || handle->magic != kTensorMagic) return;
  auto& counter = counters[static_cast<size_t>(handle->slot)];
  counter.handles.fetch_sub(1, std::memory_order_relaxed);
  counter.bytes.fetch_sub(handle->bytes, std::memory_order_relaxed);
  handle->magic = 0;
  delete handle;
}

void count_object(int64_t delta) noexcept { counters[0].handles.fetch_add(delta, std::memory_order_relaxed); }

const at::Tensor& tensor_of(vk_tensor handle, const char* name) { return checked(handle, name, -1); }

const at::Tensor& tensor_of(vk_tensor handle, const char* name, int64_t index) { return checked(handle, name, index); }

std::vector<at::Tensor> tensors_of(const vk_tensor* handles, int64_t count, const char* name, bool nullable) {
  if (count < 0 || (count > 0 && handles == nullptr)) {
    throw Failure(VK_ERR_ARGUMENT, std::string(name) + ": the list of handles is null or its length negative");
  }
  std::vector<at::Tensor> values;
  values.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    if (nullable && handles[i] == nullptr) {
      values.emplace_back();
    } else {
      values.push_back(checked(handles[i], name, i));
    }
  }
  return values;
}

at::Tensor take(vk_tensor handle) noexcept {
  at::Tensor value = std::move(handle->value);
  release_handle(handle);
  return value;
}

void make_handles(const std::vector<at::Tensor>& values, vk_tensor* out) {
  std::vector<vk_tensor> made;
  made.reserve(values.size());
  try {
    for (const auto& value : values) made.push_back(make_handle(value));
  } catch (...) {
    for (vk_tensor handle : made) release_handle(handle);
    throw;
  }
  std::copy(made.begin(), made.end(), out);
}

std::string dtype_name(int64_t code) {
  switch (code) {
    case VK_UINT8:
      return "uint8";
    case VK_INT8:
      return "int8";
    case VK_INT16:
      return "int16";
    case VK_INT32:
      return "int32";
    case VK_INT64:
      return "int64";
    case VK_FLOAT16:
      return "float16";
    case VK_FLOAT32:
      return "float32";
    case VK_FLOAT64:
      return "float64";
    case VK_COMPLEX64:
      return "complex64";
    case VK_COMPLEX128:
      return "complex128";
    case VK_BOOL:
      return "bool";
    case VK_BFLOAT16:
      return "bfloat16";
    default:
      return "dtype " + std::to_string(code);
  }
}

std::string describe(const at::Tensor& tensor) {
  if (!tensor.defined()) return "none";
  std::string text = dtype_name(static_cast<int64_t>(tensor.scalar_type())) + "[";
  for (int64_t i = 0; i < tensor.dim(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(tensor.size(i));
  text += "]";
  if (!tensor.device().is_cpu()) text += " " + tensor.device().str();
  return text;
}

c10::Device device_of(int32_t device_type, int32_t device_index) {
  if (device_type == VK_CPU) {
    require(device_index == -1 || device_index == 0, VK_ERR_DEVICE, "the CPU has no index other than 0");
    return {c10::DeviceType::CPU};
  }
  if (device_type != VK_CUDA) {
    throw Failure(VK_ERR_DEVICE,
                  "device type " + std::to_string(device_type) + " is unknown; needed: 0 (CPU) or 1 (CUDA)");
  }
  const int32_t count = vk_device_count(VK_CUDA);
  if (count == 0) {
    throw Failure(VK_ERR_DEVICE, "device cuda:" + std::to_string(device_index) +
                                     " was asked for, but this libtorch finds no CUDA device");
  }
  if (device_index < -1 || device_index >= count) {
    throw Failure(VK_ERR_DEVICE, "device cuda:" + std::to_string(device_index) + " was asked for; there are " +
                                     std::to_string(count) + " CUDA devices");
  }
  return {c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device_index)};
}

at::ScalarType dtype_of(int64_t code, const char* name) {
  switch (code) {
    case VK_UINT8:
    case VK_INT8:
    case VK_INT16:
    case VK_INT32:
    case VK_INT64:
    case VK_FLOAT16:
    case VK_FLOAT32:
    case VK_FLOAT64:
    case VK_COMPLEX64:
    case VK_COMPLEX128:
    case VK_BOOL:
    case VK_BFLOAT16:
      return static_cast<at::ScalarType>(code);
    default:
      throw Failure(VK_ERR_DTYPE, std::string(name) + " " + std::to_string(code) + " is not a dtype; see vk_dtype");
  }
}

}  // namespace viking

extern "C" void vk_live(int32_t device_type, int32_t device_index, vk_live_counts* counts) {
  using viking::counters;
  if (counts == nullptr) return;
  *counts = {0, 0};
  auto add = [&](int32_t slot) {
    counts->handles += counters[static_cast<size_t>(slot)].handles.load(std::memory_order_relaxed);
    counts->bytes += counters[static_cast<size_t>(slot)].bytes.load(std::memory_order_relaxed);
  };
  if (device_type == VK_CPU) {
    add(0);
  } else if (device_type == VK_CUDA && device_index == -1) {
    for (int32_t slot = 1; slot < viking::kSlots - 1; ++slot) add(slot);
  } else if (device_type == VK_CUDA && device_index >= 0 && device_index < viking::kSlots - 2) {
    add(1 + device_index);
  }
}
