// Exports: the transforms. Each is one downcall, during which the function is called back; no state is left behind
// between two calls, so a thread may change in between (virtual threads do).
#include "transforms.h"

#include <pthread.h>

#include "errors.h"
#include "handles.h"

struct vk_pullback_s {
  std::shared_ptr<viking::Pullback> value;
};

namespace viking {
namespace {

// Borrowed input handles of one callback; released when it ends.
class Borrowed {
 public:
  explicit Borrowed(const Tensors& tensors) {
    handles_.reserve(tensors.size());
    try {
      for (const auto& tensor : tensors) handles_.push_back(make_handle(tensor));
    } catch (...) {
      release();
      throw;
    }
  }
  ~Borrowed() { release(); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  const std::vector<vk_tensor>& handles() const { return handles_; }

 private:
  void release() noexcept {
    for (vk_tensor handle : handles_) release_handle(handle);
  }
  std::vector<vk_tensor> handles_;
};

// NOTE [Deep nesting]
// Transforms nest on the native stack, with the JVM's frames in between. The JVM cannot throw StackOverflowError from
// the entry of an upcall: it ends the process. So a callback is refused while there is still room to say so.
constexpr size_t kStackReserve = size_t{256} * 1024;

bool stack_is_short() {
  thread_local const char* lowest = [] {
    void* address = nullptr;
    size_t size = 0;
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return static_cast<const char*>(nullptr);
    pthread_attr_getstack(&attributes, &address, &size);
    pthread_attr_destroy(&attributes);
    return static_cast<const char*>(address);
  }();
  const char here = 0;
  return lowest != nullptr && static_cast<size_t>(&here - lowest) < kStackReserve;
}

Tensors take_outputs(std::vector<vk_tensor>& handles, int64_t count) {
  Tensors outputs;
  std::string problem;
  int32_t status = VK_ERR_ARGUMENT;
  for (int64_t i = 0; i < count; ++i) {
    try {
      tensor_of(handles[static_cast<size_t>(i)], "function output", i);
    } catch (const Failure& failure) {
      if (problem.empty()) {
        problem = failure.what();
        status = failure.status();
      }
      release_handle(handles[static_cast<size_t>(i)]);
      continue;
    }
    outputs.push_back(take(handles[static_cast<size_t>(i)]));
  }
  if (!problem.empty()) throw Failure(status, problem);
  return outputs;
}

void require_room(size_t needed, int64_t capacity, int64_t* num_outputs) {
  *num_outputs = static_cast<int64_t>(needed);
  if (static_cast<int64_t>(needed) > capacity) {
    throw Failure(VK_ERR_CAPACITY, std::to_string(needed) + " outputs, room for " + std::to_string(capacity));
  }
}

// Several lists of results become handles together, or not at all.
void deliver(const std::vector<std::pair<const Tensors*, vk_tensor*>>& lists) {
  size_t done = 0;
  try {
    for (; done < lists.size(); ++done) make_handles(*lists[done].first, lists[done].second);
  } catch (...) {
    for (size_t i = 0; i < done; ++i) vk_tensor_release(lists[i].second, static_cast<int64_t>(lists[i].first->size()));
    throw;
  }
}

void require_call(vk_function function, int64_t count, const void* outputs, const int64_t* num_outputs) {
  require(function != nullptr, VK_ERR_ARGUMENT, "function is null");
  require(count > 0, VK_ERR_ARGUMENT, "at least one input is needed");
  require(outputs != nullptr && num_outputs != nullptr, VK_ERR_ARGUMENT, "an output argument is null");
}

}  // namespace

Function callback(vk_function function, int64_t context) {
  return [function, context](const Tensors& inputs) {
    require(!stack_is_short(), VK_ERR_UNSUPPORTED,
            "transforms are nested too deeply for this thread's stack; give the thread a larger one");
    const Borrowed borrowed(inputs);
    std::vector<vk_tensor> outputs(VK_MAX_OUTPUTS, nullptr);
    int64_t count = 0;
    const int32_t status =
        function(context, borrowed.handles().data(), static_cast<int64_t>(inputs.size()), outputs.data(), &count);
    if (status != VK_OK) throw CallbackFailure{status};
    require(count >= 0 && count <= VK_MAX_OUTPUTS, VK_ERR_ARGUMENT,
            "the function returned more than VK_MAX_OUTPUTS outputs");
    Tensors results = take_outputs(outputs, count);
    require(!results.empty(), VK_ERR_ARGUMENT, "the function returned no output; at least one tensor is needed");
    // The function may have swallowed the status that asked it to stop.
    if (reroute_pending()) throw CallbackFailure{VK_ERR_REROUTE};
    return results;
  };
}

}  // namespace viking

using viking::callback;
using viking::guarded;
using viking::require;
using viking::tensors_of;

extern "C" {

int32_t vk_jvp(vk_function function, int64_t context, const vk_tensor* primals, const vk_tensor* tangents,
               int64_t num_primals, vk_tensor* outputs, vk_tensor* output_tangents, int64_t capacity,
               int64_t* num_outputs, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    viking::require_call(function, num_primals, outputs, num_outputs);
    require(output_tangents != nullptr, VK_ERR_ARGUMENT, "output_tangents is null");
    const auto result = viking::jvp(callback(function, context), tensors_of(primals, num_primals, "primals"),
                                    tensors_of(tangents, num_primals, "tangents"));
    viking::require_room(result.outputs.size(), capacity, num_outputs);
    viking::deliver({{&result.outputs, outputs}, {&result.tangents, output_tangents}});
  });
}

int32_t vk_vjp(vk_function function, int64_t context, const vk_tensor* primals, int64_t num_primals, vk_tensor* outputs,
               int64_t capacity, int64_t* num_outputs, vk_pullback* pullback, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    viking::require_call(function, num_primals, outputs, num_outputs);
    require(pullback != nullptr, VK_ERR_ARGUMENT, "pullback (output) is null");
    auto result = viking::vjp(callback(function, context), tensors_of(primals, num_primals, "primals"));
    viking::require_room(result.outputs.size(), capacity, num_outputs);
    auto handle = std::make_unique<vk_pullback_s>(vk_pullback_s{std::move(result.pullback)});
    viking::deliver({{&result.outputs, outputs}});
    viking::count_object(1);
    *pullback = handle.release();
  });
}

int32_t vk_pullback_apply(vk_pullback pullback, const vk_tensor* cotangents, int64_t num_cotangents,
                          vk_tensor* gradients, int64_t num_primals, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(pullback != nullptr, VK_ERR_CLOSED, "pullback is null");
    require(gradients != nullptr, VK_ERR_ARGUMENT, "gradients is null");
    const auto value = pullback->value;
    if (num_primals != static_cast<int64_t>(value->primals.size())) {
      throw viking::Failure(VK_ERR_CAPACITY, "room for " + std::to_string(num_primals) +
                                                 " gradients, the function has " +
                                                 std::to_string(value->primals.size()) + " primals");
    }
    const auto result =
        viking::pull_back(*value, tensors_of(cotangents, num_cotangents, "cotangents", /*nullable=*/true));
    viking::deliver({{&result, gradients}});
  });
}

void vk_pullback_release(vk_pullback pullback) {
  if (pullback == nullptr) return;
  viking::count_object(-1);
  delete pullback;
}

int32_t vk_grad(vk_function function, int64_t context, const vk_tensor* primals, int64_t num_primals,
                int32_t create_graph, vk_tensor* outputs, int64_t capacity, int64_t* num_outputs, vk_tensor* gradients,
                char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    viking::require_call(function, num_primals, outputs, num_outputs);
    require(gradients != nullptr, VK_ERR_ARGUMENT, "gradients is null");
    const auto result =
        viking::grad(callback(function, context), tensors_of(primals, num_primals, "primals"), create_graph);
    viking::require_room(result.outputs.size(), capacity, num_outputs);
    viking::deliver({{&result.outputs, outputs}, {&result.gradients, gradients}});
  });
}

int32_t vk_vmap(vk_function function, int64_t context, const vk_tensor* inputs, const int64_t* in_dims,
                int64_t num_inputs, const int64_t* out_dims, int64_t num_out_dims, int64_t chunk_size,
                int32_t randomness, vk_tensor* outputs, int64_t capacity, int64_t* num_outputs, char* error,
                int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    viking::require_call(function, num_inputs, outputs, num_outputs);
    require(in_dims != nullptr && out_dims != nullptr && num_out_dims > 0, VK_ERR_ARGUMENT,
            "in_dims or out_dims is null or empty");
    require(chunk_size >= 0, VK_ERR_ARGUMENT, "chunk_size is negative");
    require(randomness >= VK_RANDOMNESS_ERROR && randomness <= VK_RANDOMNESS_DIFFERENT, VK_ERR_ARGUMENT,
            "randomness is none of vk_randomness's values");
    viking::VmapOptions options;
    for (int64_t i = 0; i < num_inputs; ++i) {
      options.in_dims.push_back(in_dims[i] == INT64_MIN ? std::nullopt : std::optional<int64_t>(in_dims[i]));
    }
    options.out_dims.assign(out_dims, out_dims + num_out_dims);
    options.chunk_size = chunk_size;
    options.randomness = static_cast<at::functorch::RandomnessType>(randomness);
    const auto result = viking::vmap(callback(function, context), tensors_of(inputs, num_inputs, "inputs"), options);
    viking::require_room(result.size(), capacity, num_outputs);
    viking::deliver({{&result, outputs}});
  });
}

int32_t vk_jacrev(vk_function function, int64_t context, const vk_tensor* primals, int64_t num_primals,
                  int64_t chunk_size, vk_tensor* outputs, vk_tensor* jacobians, int64_t capacity, int64_t* num_outputs,
                  char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    viking::require_call(function, num_primals, outputs, num_outputs);
    require(jacobians != nullptr, VK_ERR_ARGUMENT, "jacobians is null");
    require(chunk_size >= 0, VK_ERR_ARGUMENT, "chunk_size is negative");
    const auto result =
        viking::jacrev(callback(function, context), tensors_of(primals, num_primals, "primals"), chunk_size);
    viking::require_room(result.outputs.size(), capacity, num_outputs);
    viking::deliver({{&result.outputs, outputs}, {&result.jacobians, jacobians}});
  });
}

int32_t vk_jacfwd(vk_function function, int64_t context, const vk_tensor* primals, int64_t num_primals,
                  int64_t chunk_size, vk_tensor* outputs, vk_tensor* jacobians, int64_t capacity, int64_t* num_outputs,
                  char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    viking::require_call(function, num_primals, outputs, num_outputs);
    require(jacobians != nullptr, VK_ERR_ARGUMENT, "jacobians is null");
    require(chunk_size >= 0, VK_ERR_ARGUMENT, "chunk_size is negative");
    const auto values = tensors_of(primals, num_primals, "primals");
    viking::require_floating(values, "primals");
    const auto result = viking::jacfwd(callback(function, context), values, chunk_size);
    viking::require_room(result.outputs.size(), capacity, num_outputs);
    viking::deliver({{&result.outputs, outputs}, {&result.jacobians, jacobians}});
  });
}

int32_t vk_hvp(vk_function function, int64_t context, const vk_tensor* primals, const vk_tensor* vectors,
               int64_t num_primals, int32_t mode, vk_tensor* value, vk_tensor* gradients, vk_tensor* products,
               char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(function != nullptr, VK_ERR_ARGUMENT, "function is null");
    require(num_primals > 0, VK_ERR_ARGUMENT, "at least one input is needed");
    require(value != nullptr && gradients != nullptr && products != nullptr, VK_ERR_ARGUMENT,
            "an output argument is null");
    const auto result = viking::hvp(callback(function, context), tensors_of(primals, num_primals, "primals"),
                                    tensors_of(vectors, num_primals, "vectors"), mode);
    const viking::Tensors values{result.value};
    viking::deliver({{&values, value}, {&result.gradients, gradients}, {&result.products, products}});
  });
}

int32_t vk_transform_depth(void) { return viking::frame_depth(); }

}  // extern "C"
