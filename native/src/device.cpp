// Exports: threads, devices and their memory.
#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>

#include <unistd.h>

#include "handles.h"

#ifdef VK_WITH_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace viking {
namespace {

c10::Device cuda_device(int32_t device_type, int32_t device_index) {
  const c10::Device device = device_of(device_type, device_index);
  if (device.is_cpu() || device.has_index()) return device;
  return {device.type(), at::accelerator::getDeviceIndex()};
}

}  // namespace
}  // namespace viking

using viking::guarded;
using viking::require;

extern "C" {

int32_t vk_set_num_threads(int32_t threads, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(threads >= 1, VK_ERR_ARGUMENT, "threads must be at least 1");
    at::set_num_threads(threads);
  });
}

int32_t vk_get_num_threads(void) { return at::get_num_threads(); }

int32_t vk_set_allow_tf32(int32_t allow, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    at::globalContext().setAllowTF32CuBLAS(allow != 0);
    at::globalContext().setAllowTF32CuDNN(allow != 0);
  });
}

int32_t vk_device_count(int32_t device_type) {
  if (device_type == VK_CPU) return 1;
  if (device_type != VK_CUDA) return 0;
  try {
    return at::hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount()) : 0;
  } catch (...) {
    return 0;
  }
}

int32_t vk_device_synchronize(int32_t device_type, int32_t device_index, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    const c10::Device device = viking::cuda_device(device_type, device_index);
    if (!device.is_cpu()) at::accelerator::synchronizeDevice(device.index());
  });
}

int32_t vk_device_get_memory(int32_t device_type, int32_t device_index, vk_device_memory* memory, char* error,
                             int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(memory != nullptr, VK_ERR_ARGUMENT, "memory (output) is null");
    const c10::Device device = viking::cuda_device(device_type, device_index);
    *memory = {};
    if (device.is_cpu()) {
      const int64_t page = sysconf(_SC_PAGESIZE);
      memory->total_bytes = sysconf(_SC_PHYS_PAGES) * page;
      memory->free_bytes = sysconf(_SC_AVPHYS_PAGES) * page;
      return;
    }
#ifdef VK_HAS_MEMORY_INFO
    const auto [free_bytes, total_bytes] = at::accelerator::getMemoryInfo(device.index());
    memory->free_bytes = static_cast<int64_t>(free_bytes);
    memory->total_bytes = static_cast<int64_t>(total_bytes);
#endif
    const auto stats = at::accelerator::getDeviceStats(device.index());
    constexpr auto kAll = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    memory->allocated_bytes = stats.allocated_bytes[kAll].current;
    memory->reserved_bytes = stats.reserved_bytes[kAll].current;
    memory->peak_allocated_bytes = stats.allocated_bytes[kAll].peak;
  });
}

int32_t vk_device_empty_cache(int32_t device_type, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    if (!viking::device_of(device_type, -1).is_cpu()) at::accelerator::emptyCache();
  });
}

int32_t vk_device_set_memory_fraction(int32_t device_type, int32_t device_index, double fraction, char* error,
                                      int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(fraction > 0 && fraction <= 1, VK_ERR_ARGUMENT, "fraction must lie in (0, 1]");
    const c10::Device device = viking::cuda_device(device_type, device_index);
    require(!device.is_cpu(), VK_ERR_UNSUPPORTED, "the CPU has no caching allocator to limit");
#ifdef VK_WITH_CUDA
    c10::cuda::CUDACachingAllocator::setMemoryFraction(fraction, device.index());
#else
    throw viking::Failure(VK_ERR_UNSUPPORTED, "this library was built without CUDA; build it with build-native.sh --cuda");
#endif
  });
}

}  // extern "C"
