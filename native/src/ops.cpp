// Exports: looking up and calling any operator of libtorch's dispatcher.
//
// NOTE [One generic call]
// One export reaches all of ATen: the arguments are checked against the operator's schema, put on a stack and the
// operator is called boxed. Measured against a direct C++ call that costs about a tenth of a microsecond, far less
// than the smallest operator, and the header stays small.
#include <ATen/core/dispatch/Dispatcher.h>

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "frames.h"
#include "guards.h"
#include "handles.h"
#include "values.h"

struct vk_op_s {
  c10::OperatorHandle handle;
  std::string display;
  std::vector<viking::ArgumentSpec> arguments;
  viking::OperatorGuards guards;
};

namespace viking {
namespace {

class Registry {
 public:
  static Registry& instance() {
    static auto* registry = new Registry();
    return *registry;
  }

  vk_op find(const std::string& name, const std::string& overload) {
    const std::string key = name + "." + overload;
    {
      const std::shared_lock<std::shared_mutex> lock(mutex_);
      const auto found = operators_.find(key);
      if (found != operators_.end()) return found->second.get();
    }
    auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
    if (!handle.has_value()) unknown(name, overload);
    std::vector<ArgumentSpec> arguments;
    for (const auto& argument : handle->schema().arguments()) arguments.push_back(argument_spec(argument));
    std::string display = overload.empty() ? name : key;
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    auto& slot = operators_[key];
    if (slot == nullptr) {
      slot.reset(new vk_op_s{*handle, std::move(display), std::move(arguments), OperatorGuards(name)});
    }
    return slot.get();
  }

 private:
  [[noreturn]] static void unknown(const std::string& name, const std::string& overload) {
    std::string text = "there is no operator '" + name + "' with overload '" + overload + "'";
    std::string others;
    for (const auto& known : c10::Dispatcher::singleton().getAllOpNames()) {
      if (known.name == name) others += (others.empty() ? "" : ", ") + ("'" + known.overload_name + "'");
    }
    text += others.empty() ? "; names look like 'aten::add'" : "; its overloads are " + others;
    throw Failure(VK_ERR_UNKNOWN_OPERATOR, text);
  }

  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<vk_op_s>> operators_;
};

torch::jit::Stack make_stack(const vk_op_s& op, const vk_value* arguments, int64_t count) {
  const auto needed = static_cast<int64_t>(op.arguments.size());
  if (count < 0 || count > needed) {
    throw Failure(VK_ERR_ARGUMENT,
                  std::to_string(count) + " arguments given, the schema has " + std::to_string(needed));
  }
  require(count == 0 || arguments != nullptr, VK_ERR_ARGUMENT, "arguments is null");
  torch::jit::Stack stack;
  stack.reserve(static_cast<size_t>(std::max<int64_t>(needed, 4)));
  for (int64_t i = 0; i < needed; ++i) {
    const ArgumentSpec& spec = op.arguments[static_cast<size_t>(i)];
    if (i < count) {
      stack.push_back(to_ivalue(arguments[i], spec));
    } else if (spec.default_value.has_value()) {
      stack.push_back(*spec.default_value);
    } else if (spec.optional) {
      stack.emplace_back();
    } else {
      throw Failure(VK_ERR_ARGUMENT, "argument '" + spec.name + "' of type " + spec.type_text + " is missing");
    }
  }
  return stack;
}

void set_tensor(vk_value& value, at::Tensor tensor) {
  vk_tensor handle = make_handle(std::move(tensor));
  value = {handle == nullptr ? VK_NONE : VK_TENSOR, 0, 0, {}};
  value.as.p = handle;
}

// Collects results so that none is left behind when a later one fails.
class Results {
 public:
  Results(vk_value* values, int64_t capacity) : values_(values), capacity_(capacity) {}
  ~Results() {
    if (committed_) return;
    for (int64_t i = 0; i < std::min(count_, capacity_); ++i) {
      if (values_[i].kind == VK_TENSOR) release_handle(static_cast<vk_tensor>(const_cast<void*>(values_[i].as.p)));
    }
  }
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  void add(const c10::IValue& result) {
    if (result.isTensor()) {
      if (vk_value* value = next()) set_tensor(*value, result.toTensor());
    } else if (result.isTensorList()) {
      for (const at::Tensor& element : result.toTensorVector()) {
        if (vk_value* value = next()) set_tensor(*value, element);
      }
    } else if (vk_value* value = next()) {
      set_number(*value, result);
    }
  }

  // Returns the count; VK_ERR_CAPACITY when the caller's array was too short.
  int64_t commit() {
    if (count_ > capacity_) {
      throw Failure(VK_ERR_CAPACITY, std::to_string(count_) + " results, room for " + std::to_string(capacity_));
    }
    committed_ = true;
    return count_;
  }
  int64_t count() const { return count_; }

 private:
  vk_value* next() {
    const int64_t index = count_++;
    if (index >= capacity_) return nullptr;
    values_[index] = {VK_NONE, 0, 0, {}};
    return &values_[index];
  }

  static void set_number(vk_value& value, const c10::IValue& result) {
    value.as.i = 0;
    if (result.isInt()) {
      value.kind = VK_INT;
      value.as.i = result.toInt();
    } else if (result.isBool()) {
      value.kind = VK_BOOL_VALUE;
      value.as.i = result.toBool() ? 1 : 0;
    } else if (result.isDouble()) {
      value.kind = VK_DOUBLE;
      value.as.d = result.toDouble();
    } else if (!result.isNone()) {
      throw Failure(VK_ERR_UNSUPPORTED, "a result of type " + result.type()->annotation_str() +
                                            " cannot be returned through this interface");
    }
  }

  vk_value* values_;
  int64_t capacity_;
  int64_t count_ = 0;
  bool committed_ = false;
};

// "aten::mm(self: float32[2, 3], mat2: float32[4, 5]): " in front of a message.
std::string call_text(const vk_op_s& op, const vk_value* arguments, int64_t count) noexcept {
  try {
    std::string text = op.display + "(";
    for (int64_t i = 0; i < count && static_cast<size_t>(i) < op.arguments.size(); ++i) {
      text += (i == 0 ? "" : ", ") + op.arguments[static_cast<size_t>(i)].name + ": " + describe_value(arguments[i]);
    }
    return text + "): ";
  } catch (...) {
    return {};
  }
}

}  // namespace
}  // namespace viking

using viking::guarded;
using viking::require;

extern "C" {

int32_t vk_op_find(const char* name, const char* overload, vk_op* op, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(op != nullptr && name != nullptr && overload != nullptr, VK_ERR_ARGUMENT, "name, overload or op is null");
    *op = viking::Registry::instance().find(name, overload);
  });
}

int32_t vk_op_schema(vk_op op, char* buffer, int64_t capacity, int64_t* needed, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(op != nullptr, VK_ERR_ARGUMENT, "op is null");
    viking::write_text(c10::toString(op->handle.schema()), buffer, capacity, needed);
  });
}

int32_t vk_op_call(vk_op op, const vk_value* arguments, int64_t num_arguments, vk_value* results, int64_t capacity,
                   int64_t* num_results, char* error, int64_t error_capacity) {
  if (op == nullptr || num_results == nullptr || (capacity > 0 && results == nullptr)) {
    viking::write_message("op, results or num_results is null", error, error_capacity);
    return VK_ERR_ARGUMENT;
  }
  try {
    torch::jit::Stack stack = viking::make_stack(*op, arguments, num_arguments);
    if (op->guards.empty() || !op->guards.apply(stack)) op->handle.callBoxed(stack);
    // An operator inside this one asked for reverse mode: what was computed is not to be trusted.
    if (viking::current_frame() != nullptr) {
      if (const char* refused = viking::refusal_pending()) {
        throw viking::Failure(
            VK_ERR_UNSUPPORTED,
            std::string(refused) + " is refused in a jvp inside another derivative: its result would be wrong");
      }
      if (viking::reroute_pending()) throw viking::Reroute{};
    }
    viking::Results collected(results, capacity);
    for (const auto& result : stack) collected.add(result);
    *num_results = collected.count();
    collected.commit();
    return VK_OK;
  } catch (...) {
    return viking::translate_current_exception(viking::call_text(*op, arguments, num_arguments), error, error_capacity);
  }
}

int32_t vk_op_guards(char* buffer, int64_t capacity, int64_t* needed, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] { viking::write_text(viking::guards_text(), buffer, capacity, needed); });
}

}  // extern "C"
