// Exports: TorchScript modules as pure functions of their parameters. See NOTE [Modules].
#include "module.h"

#include <ATen/ATen.h>

#include <cstring>
#include <fstream>
#include <mutex>

#include "handles.h"

struct vk_module_s {
  std::shared_ptr<const viking::ModuleFunction> function;
};

namespace viking {
namespace {

class FileSource final : public ModuleSource {
 public:
  explicit FileSource(const char* path) : file_(path, std::ios::binary) {
    if (!file_) throw Failure(VK_ERR_MODULE, "the file cannot be opened");
    file_.seekg(0, std::ios::end);
    const auto end = file_.tellg();
    if (!file_ || end < 0) throw Failure(VK_ERR_MODULE, "the file cannot be read; is it a folder?");
    size_ = static_cast<size_t>(end);
  }
  size_t size() const override { return size_; }
  void read(uint64_t position, void* target, size_t count) const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(position));
    file_.read(static_cast<char*>(target), static_cast<std::streamsize>(count));
    if (!file_ || file_.gcount() != static_cast<std::streamsize>(count)) {
      throw Failure(VK_ERR_MODULE, "the file cannot be read to its end");
    }
  }

 private:
  mutable std::mutex mutex_;
  mutable std::ifstream file_;
  size_t size_ = 0;
};

class MemorySource final : public ModuleSource {
 public:
  MemorySource(const void* data, size_t size) : data_(static_cast<const char*>(data)), size_(size) {}
  size_t size() const override { return size_; }
  void read(uint64_t position, void* target, size_t count) const override {
    std::memcpy(target, data_ + position, count);
  }

 private:
  const char* data_;
  size_t size_;
};

void load(std::shared_ptr<const ModuleSource> source, int32_t dtype, int32_t device_type, int32_t device_index,
          vk_module* module) {
  require(module != nullptr, VK_ERR_ARGUMENT, "module (output) is null");
  std::optional<at::ScalarType> type;
  if (dtype >= 0) {
    type = dtype_of(dtype, "dtype");
    require(at::isFloatingType(*type), VK_ERR_DTYPE, "dtype must be a floating one, or -1");
  }
  auto handle = std::make_unique<vk_module_s>(
      vk_module_s{load_module(std::move(source), type, device_of(device_type, device_index))});
  count_object(1);
  *module = handle.release();
}

const ModuleFunction& function_of(vk_module module) {
  require(module != nullptr && module->function != nullptr, VK_ERR_CLOSED, "module is null");
  return *module->function;
}

void describe(std::string& text, const char* kind, const ModuleTensor& tensor) {
  text += std::string(kind) + "\t" + tensor.name + "\t" + std::to_string(static_cast<int>(tensor.value.scalar_type())) +
          "\t" + (tensor.requires_grad ? "1" : "0") + "\t";
  for (int64_t d = 0; d < tensor.value.dim(); ++d) text += (d == 0 ? "" : ",") + std::to_string(tensor.value.size(d));
  text += "\n";
}

std::string contents_of(const ModuleFunction& function) {
  std::string text;
  for (const auto& parameter : function.parameters) describe(text, "parameter", parameter);
  for (const auto& [name, of] : function.shared) text += "shared\t" + name + "\t" + of + "\n";
  for (const auto& buffer : function.buffers) describe(text, "buffer", buffer);
  for (size_t i = 0; i < function.program.input_names.size(); ++i) {
    text += "input\t" + function.program.input_names[i] + "\t" +
            (function.program.input_defaults[i].has_value() ? "1" : "0") + "\n";
  }
  return text;
}

}  // namespace
}  // namespace viking

using viking::guarded;
using viking::require;

extern "C" {

int32_t vk_module_load(const char* path, int32_t dtype, int32_t device_type, int32_t device_index, vk_module* module,
                       char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(path != nullptr, VK_ERR_ARGUMENT, "path is null");
    viking::load(std::make_shared<viking::FileSource>(path), dtype, device_type, device_index, module);
  });
}

int32_t vk_module_load_bytes(const void* data, int64_t num_bytes, int32_t dtype, int32_t device_type,
                             int32_t device_index, vk_module* module, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(data != nullptr && num_bytes >= 0, VK_ERR_ARGUMENT, "data is null or num_bytes negative");
    viking::load(std::make_shared<viking::MemorySource>(data, static_cast<size_t>(num_bytes)), dtype, device_type,
                 device_index, module);
  });
}

int32_t vk_module_describe(vk_module module, char* buffer, int64_t capacity, int64_t* needed, char* error,
                           int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    viking::write_text(viking::contents_of(viking::function_of(module)), buffer, capacity, needed);
  });
}

int32_t vk_module_parameters(vk_module module, vk_tensor* parameters, int64_t capacity, int64_t* num_parameters,
                             char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    const auto& own = viking::function_of(module).parameters;
    require(num_parameters != nullptr && (parameters != nullptr || capacity <= 0), VK_ERR_ARGUMENT,
            "parameters or num_parameters is null");
    *num_parameters = static_cast<int64_t>(own.size());
    require(capacity >= *num_parameters, VK_ERR_CAPACITY, "the array for the parameters is too short");
    std::vector<at::Tensor> copies;
    for (const auto& parameter : own) copies.push_back(parameter.value.clone());
    viking::make_handles(copies, parameters);
  });
}

int32_t vk_module_call(vk_module module, const vk_tensor* parameters, int64_t num_parameters, const vk_tensor* inputs,
                       int64_t num_inputs, vk_tensor* outputs, int64_t capacity, int64_t* num_outputs, char* error,
                       int64_t error_capacity) {
  std::string where;
  try {
    const auto& function = viking::function_of(module);
    require(num_outputs != nullptr && (outputs != nullptr || capacity <= 0), VK_ERR_ARGUMENT,
            "outputs or num_outputs is null");
    const auto results = viking::run_module(function, viking::tensors_of(parameters, num_parameters, "parameters"),
                                            viking::tensors_of(inputs, num_inputs, "inputs", /*nullable=*/true), where);
    *num_outputs = static_cast<int64_t>(results.size());
    require(capacity >= *num_outputs, VK_ERR_CAPACITY, "the array for the outputs is too short");
    viking::make_handles(results, outputs);
    return VK_OK;
  } catch (...) {
    return viking::translate_current_exception(where, error, error_capacity);
  }
}

void vk_module_release(vk_module module) {
  if (module == nullptr) return;
  viking::count_object(-1);
  delete module;
}

}  // extern "C"
