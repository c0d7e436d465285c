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
#include <variant>

#include "frames.h"
#include "guards.h"
#include "handles.h"
#include "values.h"

namespace viking {
namespace {

using Unary = c10::TypedOperatorHandle<at::Tensor(const at::Tensor&)>;
using Binary = c10::TypedOperatorHandle<at::Tensor(const at::Tensor&, const at::Tensor&)>;
using WithScalar = c10::TypedOperatorHandle<at::Tensor(const at::Tensor&, const at::Scalar&)>;
using BinaryScalar = c10::TypedOperatorHandle<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Scalar&)>;

// NOTE [Unboxed calls]
// The boxed call costs a tenth of a microsecond, which is felt only by the smallest operators. Those have few shapes
// of signature, so these are called directly.
using Unboxed = std::variant<std::monostate, Unary, Binary, WithScalar, BinaryScalar>;

}  // namespace
}  // namespace viking

struct vk_op_s {
  c10::OperatorHandle handle;
  std::string display;
  std::vector<viking::ArgumentSpec> arguments;
  viking::OperatorGuards guards;
  viking::Unboxed unboxed;
};

namespace viking {
namespace {

Unboxed unboxed_of(const c10::OperatorHandle& handle, const std::vector<ArgumentSpec>& arguments) {
  const auto& schema = handle.schema();
  if (schema.is_mutable() || schema.returns().size() != 1 ||
      schema.returns()[0].type()->kind() != c10::TypeKind::TensorType) {
    return {};
  }
  std::vector<ArgumentKind> kinds;
  for (const auto& argument : arguments) {
    if (argument.optional) return {};
    kinds.push_back(argument.kind);
  }
  using enum ArgumentKind;
  if (kinds == std::vector{kTensor}) return handle.typed<at::Tensor(const at::Tensor&)>();
  if (kinds == std::vector{kTensor, kTensor}) return handle.typed<at::Tensor(const at::Tensor&, const at::Tensor&)>();
  if (kinds == std::vector{kTensor, kScalar}) return handle.typed<at::Tensor(const at::Tensor&, const at::Scalar&)>();
  if (kinds == std::vector{kTensor, kTensor, kScalar}) {
    return handle.typed<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Scalar&)>();
  }
  return {};
}

// The tensor behind an argument, if it is one, without touching its reference count.
const at::Tensor* tensor_in(const vk_value& value, const ArgumentSpec& spec) {
  if (value.kind != VK_TENSOR) return nullptr;
  return &tensor_of(static_cast<vk_tensor>(const_cast<void*>(value.as.p)), spec.name.c_str());
}

std::optional<at::Scalar> scalar_in(const vk_value* arguments, int64_t count, int64_t index, const ArgumentSpec& spec) {
  if (index < count) {
    const vk_value& value = arguments[index];
    if (value.kind == VK_INT) return at::Scalar(value.as.i);
    if (value.kind == VK_DOUBLE) return at::Scalar(value.as.d);
    return std::nullopt;
  }
  if (spec.default_value.has_value() && spec.default_value->isScalar()) return spec.default_value->toScalar();
  return std::nullopt;
}

// The result of a direct call, or an undefined tensor where the boxed call must do it (or report what is wrong).
at::Tensor call_unboxed(const vk_op_s& op, const vk_value* arguments, int64_t count) {
  const auto& specs = op.arguments;
  if (arguments == nullptr || count < 1 || count > static_cast<int64_t>(specs.size())) return {};
  const at::Tensor* self = tensor_in(arguments[0], specs[0]);
  if (self == nullptr) return {};
  if (const auto* unary = std::get_if<Unary>(&op.unboxed)) return unary->call(*self);
  if (const auto* scaled = std::get_if<WithScalar>(&op.unboxed)) {
    const auto scalar = scalar_in(arguments, count, 1, specs[1]);
    return scalar.has_value() ? scaled->call(*self, *scalar) : at::Tensor();
  }
  if (count < 2) return {};
  const at::Tensor* other = tensor_in(arguments[1], specs[1]);
  if (other == nullptr) return {};
  if (const auto* binary = std::get_if<Binary>(&op.unboxed)) return binary->call(*self, *other);
  const auto scalar = scalar_in(arguments, count, 2, specs[2]);
  return scalar.has_value() ? std::get<BinaryScalar>(op.unboxed).call(*self, *other, *scalar) : at::Tensor();
}

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
      Unboxed unboxed = unboxed_of(*handle, arguments);
      slot.reset(new vk_op_s{*handle, std::move(display), std::move(arguments), OperatorGuards(name), unboxed});
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
    if (op->unboxed.index() != 0 && op->guards.empty() && capacity > 0) {
      at::Tensor result = viking::call_unboxed(*op, arguments, num_arguments);
      if (result.defined()) {
        viking::require_undisturbed();
        viking::set_tensor(results[0], std::move(result));
        *num_results = 1;
        return VK_OK;
      }
    }
    torch::jit::Stack stack = viking::make_stack(*op, arguments, num_arguments);
    if (op->guards.empty() || !op->guards.apply(stack)) op->handle.callBoxed(stack);
    viking::require_undisturbed();
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
