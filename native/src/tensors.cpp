// Exports: making, describing, reading and converting tensors.
#include <ATen/ATen.h>
#include <c10/core/impl/alloc_cpu.h>

#include <cstring>
#include <deque>
#include <limits>
#include <mutex>

#include "handles.h"

namespace viking {
namespace {

// Identifiers of host memory that libtorch no longer uses. A storage's deleter may run on any thread, inside
// libtorch's locks, so it only notes the identifier; the JVM asks for them when it suits it.
class KeepAlives {
 public:
  static KeepAlives& instance() {
    static auto* keep_alives = new KeepAlives();  // never destroyed: storages may die during process exit
    return *keep_alives;
  }

  void release(int64_t identifier) noexcept {
    try {
      const std::lock_guard<std::mutex> lock(mutex_);
      released_.push_back(identifier);
    } catch (...) {
      // Out of memory while noting eight bytes: the caller's memory stays reachable, which is safe.
      return;
    }
  }

  int64_t drain(int64_t* identifiers, int64_t capacity) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    int64_t count = 0;
    while (count < capacity && !released_.empty()) {
      identifiers[count++] = released_.front();
      released_.pop_front();
    }
    return count;
  }

 private:
  std::mutex mutex_;
  std::deque<int64_t> released_;
};

struct Layout {
  at::ScalarType dtype;
  std::vector<int64_t> sizes;
  int64_t bytes;
};

Layout checked_layout(int64_t num_bytes, int32_t dtype, const int64_t* sizes, int64_t ndim) {
  require(ndim >= 0 && ndim <= VK_MAX_DIMS, VK_ERR_SHAPE, "ndim must lie between 0 and VK_MAX_DIMS");
  require(ndim == 0 || sizes != nullptr, VK_ERR_ARGUMENT, "sizes is null");
  Layout layout{dtype_of(dtype, "dtype"), std::vector<int64_t>(sizes, sizes + ndim), 0};
  bool empty = false;
  for (int64_t size : layout.sizes) {
    if (size < 0) throw Failure(VK_ERR_SHAPE, "a size is negative: " + std::to_string(size));
    empty = empty || size == 0;
  }
  auto bytes = static_cast<int64_t>(c10::elementSize(layout.dtype));
  for (int64_t size : layout.sizes) {
    if (empty) break;
    if (bytes > std::numeric_limits<int64_t>::max() / size) throw Failure(VK_ERR_SHAPE, "the sizes overflow 64 bits");
    bytes *= size;
  }
  layout.bytes = empty ? 0 : bytes;
  if (num_bytes != layout.bytes) {
    throw Failure(VK_ERR_SHAPE, "num_bytes is " + std::to_string(num_bytes) + ", the sizes and dtype need " +
                                    std::to_string(layout.bytes));
  }
  return layout;
}

const at::Tensor& unwrapped(vk_tensor handle, const char* what) {
  const at::Tensor& tensor = tensor_of(handle, "tensor");
  if (is_wrapped(tensor)) {
    throw Failure(VK_ERR_UNSUPPORTED,
                  std::string(what) +
                      ": the elements of a tensor inside a transform cannot be read; they stand for "
                      "a whole batch or carry a derivative. Return the tensor from the function");
  }
  return tensor;
}

}  // namespace
}  // namespace viking

using viking::device_of;
using viking::dtype_of;
using viking::guarded;
using viking::make_handle;
using viking::require;
using viking::tensor_of;

extern "C" {

int32_t vk_tensor_from_data(const void* data, int64_t num_bytes, int32_t dtype, const int64_t* sizes, int64_t ndim,
                            int32_t device_type, int32_t device_index, vk_tensor* tensor, char* error,
                            int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(tensor != nullptr, VK_ERR_ARGUMENT, "tensor (output) is null");
    const auto layout = viking::checked_layout(num_bytes, dtype, sizes, ndim);
    require(data != nullptr || layout.bytes == 0, VK_ERR_ARGUMENT, "data is null");
    const c10::Device device = device_of(device_type, device_index);
    at::Tensor host = at::empty(layout.sizes, at::TensorOptions().dtype(layout.dtype));
    if (viking::is_wrapped(host)) {
      // Inside a transform even a fresh tensor comes wrapped; the elements belong into what it wraps, so the copy is
      // made by an operator, from a view of the caller's memory.
      const at::Tensor source =
          at::from_blob(const_cast<void*>(data), layout.sizes, at::TensorOptions().dtype(layout.dtype));
      host = source.clone();
    } else if (layout.bytes > 0) {
      std::memcpy(host.mutable_data_ptr(), data, static_cast<size_t>(layout.bytes));
    }
    *tensor = make_handle(device.is_cpu() ? host : host.to(device));
  });
}

int32_t vk_tensor_from_blob(void* data, int64_t num_bytes, int32_t dtype, const int64_t* sizes, int64_t ndim,
                            int64_t keep_alive, vk_tensor* tensor, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(tensor != nullptr, VK_ERR_ARGUMENT, "tensor (output) is null");
    const auto layout = viking::checked_layout(num_bytes, dtype, sizes, ndim);
    require(data != nullptr, VK_ERR_ARGUMENT, "data is null");
    if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(layout.dtype) != 0) {
      throw viking::Failure(VK_ERR_ARGUMENT, "data is not aligned to the element size of " +
                                                 std::to_string(c10::elementSize(layout.dtype)) + " bytes");
    }
    // Until the handle exists, a failure must not report the memory as released: the caller still owns it then.
    auto armed = std::make_shared<bool>(false);
    at::Tensor blob = at::from_blob(
        data, layout.sizes,
        [armed, keep_alive](void*) {
          if (*armed) viking::KeepAlives::instance().release(keep_alive);
        },
        at::TensorOptions().dtype(layout.dtype));
    *tensor = make_handle(std::move(blob));
    *armed = true;
  });
}

int64_t vk_keep_alive_drain(int64_t* identifiers, int64_t capacity) {
  if (identifiers == nullptr || capacity <= 0) return 0;
  return viking::KeepAlives::instance().drain(identifiers, capacity);
}

int32_t vk_tensor_retain(vk_tensor tensor, vk_tensor* handle, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(handle != nullptr, VK_ERR_ARGUMENT, "handle (output) is null");
    vk_tensor copy = make_handle(tensor_of(tensor, "tensor"));
    // A second handle is bound to the same frame as the first, whichever frame is innermost now.
    copy->frame = tensor->frame;
    *handle = copy;
  });
}

void vk_tensor_release(const vk_tensor* tensors, int64_t count) {
  if (tensors == nullptr) return;
  for (int64_t i = 0; i < count; ++i) viking::release_handle(tensors[i]);
}

int32_t vk_tensor_describe(vk_tensor tensor, vk_tensor_meta* meta, int64_t* sizes, int64_t* strides, int64_t capacity,
                           char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(meta != nullptr, VK_ERR_ARGUMENT, "meta (output) is null");
    const at::Tensor& value = tensor_of(tensor, "tensor");
    meta->dtype = static_cast<int32_t>(value.scalar_type());
    meta->device_type = static_cast<int32_t>(value.device().type());
    meta->device_index = value.device().index();
    meta->ndim = static_cast<int32_t>(value.dim());
    meta->numel = value.numel();
    meta->element_size = static_cast<int64_t>(value.element_size());
    meta->is_contiguous = value.is_contiguous() ? 1 : 0;
    meta->is_wrapped = viking::is_wrapped(value) ? 1 : 0;
    const int64_t count = std::min<int64_t>(value.dim(), capacity);
    for (int64_t i = 0; i < count; ++i) {
      if (sizes != nullptr) sizes[i] = value.size(i);
      if (strides != nullptr) strides[i] = value.stride(i);
    }
  });
}

int32_t vk_tensor_read(vk_tensor tensor, void* data, int64_t num_bytes, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    const at::Tensor& value = viking::unwrapped(tensor, "vk_tensor_read");
    const int64_t needed = value.numel() * static_cast<int64_t>(value.element_size());
    if (num_bytes != needed) {
      throw viking::Failure(VK_ERR_SHAPE, "num_bytes is " + std::to_string(num_bytes) + ", the tensor " +
                                              viking::describe(value) + " has " + std::to_string(needed));
    }
    if (needed == 0) return;
    require(data != nullptr, VK_ERR_ARGUMENT, "data is null");
    const at::Tensor host = value.detach().to(at::kCPU).contiguous().resolve_conj().resolve_neg();
    std::memcpy(data, host.const_data_ptr(), static_cast<size_t>(needed));
  });
}

int32_t vk_tensor_data(vk_tensor tensor, void** data, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(data != nullptr, VK_ERR_ARGUMENT, "data (output) is null");
    const at::Tensor& value = viking::unwrapped(tensor, "vk_tensor_data");
    require(value.device().is_cpu(), VK_ERR_ARGUMENT, "tensor is not on the CPU; move it there first");
    require(value.is_contiguous(), VK_ERR_ARGUMENT, "tensor is not contiguous; make it so first");
    *data = value.data_ptr();
  });
}

int32_t vk_tensor_to(vk_tensor tensor, int32_t dtype, int32_t device_type, int32_t device_index, int32_t non_blocking,
                     int32_t copy, vk_tensor* result, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(result != nullptr, VK_ERR_ARGUMENT, "result (output) is null");
    const at::Tensor& value = tensor_of(tensor, "tensor");
    const at::ScalarType to_dtype = dtype == -1 ? value.scalar_type() : dtype_of(dtype, "dtype");
    const c10::Device to_device = device_type == -1 ? value.device() : device_of(device_type, device_index);
    *result = make_handle(value.to(to_device, to_dtype, non_blocking != 0, copy != 0));
  });
}

}  // extern "C"
