// Exports: random generators with a state of their own.
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/CPUGeneratorImpl.h>

#include <memory>

#include "handles.h"

using viking::guarded;
using viking::require;

namespace {

void require_generator(vk_generator generator) { require(generator != nullptr, VK_ERR_CLOSED, "generator is null"); }

}  // namespace

extern "C" {

int32_t vk_generator_new(int32_t device_type, int32_t device_index, int64_t seed, vk_generator* generator, char* error,
                         int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(generator != nullptr, VK_ERR_ARGUMENT, "generator (output) is null");
    const c10::Device device = viking::device_of(device_type, device_index);
    // A clone of the default generator is a generator of the right kind for every device; its state is overwritten.
    at::Generator made = at::globalContext().defaultGenerator(device).clone();
    made.set_current_seed(static_cast<uint64_t>(seed));
    auto handle = std::make_unique<vk_generator_s>(vk_generator_s{std::move(made)});
    viking::count_object(1);
    *generator = handle.release();
  });
}

int32_t vk_generator_seed(vk_generator generator, int64_t seed, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require_generator(generator);
    generator->value.set_current_seed(static_cast<uint64_t>(seed));
  });
}

int32_t vk_generator_get_state(vk_generator generator, vk_tensor* state, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require_generator(generator);
    require(state != nullptr, VK_ERR_ARGUMENT, "state (output) is null");
    *state = viking::make_handle(generator->value.get_state());
  });
}

int32_t vk_generator_set_state(vk_generator generator, vk_tensor state, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require_generator(generator);
    const at::Tensor value = viking::tensor_of(state, "state").contiguous();
    require(value.scalar_type() == at::kByte && value.dim() == 1, VK_ERR_ARGUMENT,
            "state must be a one-dimensional uint8 tensor");
    const at::Tensor current = generator->value.get_state();
    if (value.numel() != current.numel()) {
      throw viking::Failure(VK_ERR_ARGUMENT, "state has " + std::to_string(value.numel()) + " bytes, needed " +
                                                 std::to_string(current.numel()));
    }
    generator->value.set_state(value);
  });
}

void vk_generator_release(vk_generator generator) {
  if (generator == nullptr) return;
  viking::count_object(-1);
  delete generator;
}

}  // extern "C"
