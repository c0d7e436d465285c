#include "values.h"

#include <ATen/ATen.h>
#include <ATen/core/jit_type.h>
#include <ATen/core/List.h>
#include <ATen/ScalarOps.h>

#include "handles.h"

namespace viking {
namespace {

ArgumentKind list_kind(const c10::TypePtr& element) {
  switch (element->kind()) {
    case c10::TypeKind::TensorType:
      return ArgumentKind::kTensorList;
    case c10::TypeKind::OptionalType:
      return element->castRaw<c10::OptionalType>()->getElementType()->kind() == c10::TypeKind::TensorType
                 ? ArgumentKind::kOptionalTensorList
                 : ArgumentKind::kOther;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return ArgumentKind::kIntList;
    case c10::TypeKind::FloatType:
      return ArgumentKind::kDoubleList;
    case c10::TypeKind::BoolType:
      return ArgumentKind::kBoolList;
    case c10::TypeKind::NumberType:
      return ArgumentKind::kScalarList;
    default:
      return ArgumentKind::kOther;
  }
}

ArgumentKind kind_of(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
      return ArgumentKind::kTensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return ArgumentKind::kInt;
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType:
      return ArgumentKind::kDouble;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      return ArgumentKind::kBool;
    case c10::TypeKind::NumberType:
      return ArgumentKind::kScalar;
    case c10::TypeKind::StringType:
      return ArgumentKind::kString;
    case c10::TypeKind::DeviceObjType:
      return ArgumentKind::kDevice;
    case c10::TypeKind::GeneratorType:
      return ArgumentKind::kGenerator;
    case c10::TypeKind::ListType:
      return list_kind(type->castRaw<c10::ListType>()->getElementType());
    default:
      return ArgumentKind::kOther;
  }
}

const char* kind_text(int32_t kind) {
  switch (kind) {
    case VK_NONE:
      return "none";
    case VK_TENSOR:
      return "a tensor";
    case VK_TENSOR_LIST:
      return "a list of tensors";
    case VK_INT:
      return "an integer";
    case VK_DOUBLE:
      return "a floating-point number";
    case VK_BOOL_VALUE:
      return "a boolean";
    case VK_INT_LIST:
      return "a list of integers";
    case VK_DOUBLE_LIST:
      return "a list of floating-point numbers";
    case VK_BOOL_LIST:
      return "a list of booleans";
    case VK_STRING:
      return "a string";
    case VK_DTYPE_VALUE:
      return "a dtype";
    case VK_DEVICE_VALUE:
      return "a device";
    case VK_GENERATOR:
      return "a generator";
    default:
      return "a value of unknown kind";
  }
}

[[noreturn]] void mismatch(const vk_value& value, const ArgumentSpec& spec) {
  throw Failure(VK_ERR_ARGUMENT,
                "argument '" + spec.name + "' needs " + spec.type_text + ", given " + kind_text(value.kind));
}

template <typename T>
const T* elements(const vk_value& value, const ArgumentSpec& spec) {
  if (value.count < 0 || (value.count > 0 && value.as.p == nullptr)) {
    throw Failure(VK_ERR_ARGUMENT, "argument '" + spec.name + "': the list is null or its count negative");
  }
  return static_cast<const T*>(value.as.p);
}

template <typename Element, typename Source>
c10::IValue list_of(const vk_value& value, const ArgumentSpec& spec) {
  const Source* data = elements<Source>(value, spec);
  c10::List<Element> list;
  list.reserve(static_cast<size_t>(value.count));
  for (int64_t i = 0; i < value.count; ++i) list.push_back(static_cast<Element>(data[i]));
  return c10::IValue(std::move(list));
}

c10::IValue int_list(const vk_value& value, const ArgumentSpec& spec) {
  if (value.kind == VK_INT_LIST) return list_of<int64_t, int64_t>(value, spec);
  if (value.kind == VK_INT && spec.repeat.has_value()) {
    c10::List<int64_t> list;
    for (int32_t i = 0; i < *spec.repeat; ++i) list.push_back(value.as.i);
    return c10::IValue(std::move(list));
  }
  mismatch(value, spec);
}

c10::IValue scalar_list(const vk_value& value, const ArgumentSpec& spec) {
  c10::impl::GenericList list(c10::NumberType::get());
  if (value.kind == VK_INT_LIST) {
    const auto* data = elements<int64_t>(value, spec);
    for (int64_t i = 0; i < value.count; ++i) list.emplace_back(data[i]);
  } else if (value.kind == VK_DOUBLE_LIST) {
    const auto* data = elements<double>(value, spec);
    for (int64_t i = 0; i < value.count; ++i) list.emplace_back(data[i]);
  } else {
    mismatch(value, spec);
  }
  return c10::IValue(std::move(list));
}

c10::IValue tensor_list(const vk_value& value, const ArgumentSpec& spec) {
  if (value.kind != VK_TENSOR_LIST) mismatch(value, spec);
  const auto* data = elements<vk_tensor>(value, spec);
  c10::List<at::Tensor> list;
  list.reserve(static_cast<size_t>(value.count));
  for (int64_t i = 0; i < value.count; ++i) list.push_back(tensor_of(data[i], spec.name.c_str(), i));
  return c10::IValue(std::move(list));
}

// A number where a tensor is needed, as in add(x, 1.0): a tensor without dimensions that does not promote dtypes.
c10::IValue number_tensor(const vk_value& value, const ArgumentSpec& spec) {
  switch (value.kind) {
    case VK_INT:
      return c10::IValue(at::native::wrapped_scalar_tensor(at::Scalar(value.as.i)));
    case VK_DOUBLE:
      return c10::IValue(at::native::wrapped_scalar_tensor(at::Scalar(value.as.d)));
    case VK_BOOL_VALUE:
      return c10::IValue(at::native::wrapped_scalar_tensor(at::Scalar(value.as.i != 0)));
    default:
      mismatch(value, spec);
  }
}

c10::IValue optional_tensor_list(const vk_value& value, const ArgumentSpec& spec) {
  if (value.kind != VK_TENSOR_LIST) mismatch(value, spec);
  const auto* data = elements<vk_tensor>(value, spec);
  c10::List<std::optional<at::Tensor>> list;
  list.reserve(static_cast<size_t>(value.count));
  for (int64_t i = 0; i < value.count; ++i) {
    if (data[i] == nullptr) {
      list.push_back(std::nullopt);
    } else {
      list.push_back(std::optional<at::Tensor>(tensor_of(data[i], spec.name.c_str(), i)));
    }
  }
  return c10::IValue(std::move(list));
}

}  // namespace

ArgumentSpec argument_spec(const c10::Argument& argument) {
  ArgumentSpec spec;
  spec.name = argument.name();
  spec.type_text = argument.real_type()->annotation_str();
  c10::TypePtr type = argument.type();
  if (const auto* optional = type->castRaw<c10::OptionalType>()) {
    spec.optional = true;
    type = optional->getElementType();
  }
  spec.kind = kind_of(type);
  // As in Python's bindings, a number may stand for a tensor, but not for the tensor that is operated on.
  spec.takes_number = spec.kind == ArgumentKind::kTensor && spec.name != "self" && spec.name != "input";
  if (argument.N().has_value()) spec.repeat = argument.N();
  if (argument.default_value().has_value()) spec.default_value = argument.default_value();
  return spec;
}

c10::IValue to_ivalue(const vk_value& value, const ArgumentSpec& spec) {
  if (value.kind == VK_NONE) {
    if (!spec.optional) mismatch(value, spec);
    return c10::IValue();
  }
  switch (spec.kind) {
    case ArgumentKind::kTensor:
      if (value.kind == VK_TENSOR) {
        return c10::IValue(tensor_of(static_cast<vk_tensor>(const_cast<void*>(value.as.p)), spec.name.c_str()));
      }
      if (spec.takes_number) return number_tensor(value, spec);
      break;
    case ArgumentKind::kTensorList:
      return tensor_list(value, spec);
    case ArgumentKind::kOptionalTensorList:
      return optional_tensor_list(value, spec);
    case ArgumentKind::kInt:
      // ScalarType arguments appear in schemas as integers.
      if (value.kind == VK_DTYPE_VALUE)
        return c10::IValue(static_cast<int64_t>(dtype_of(value.as.i, spec.name.c_str())));
      if (value.kind != VK_INT) break;
      return c10::IValue(value.as.i);
    case ArgumentKind::kDouble:
      if (value.kind == VK_DOUBLE) return c10::IValue(value.as.d);
      if (value.kind == VK_INT) return c10::IValue(static_cast<double>(value.as.i));
      break;
    case ArgumentKind::kBool:
      if (value.kind != VK_BOOL_VALUE) break;
      return c10::IValue(value.as.i != 0);
    case ArgumentKind::kScalar:
      if (value.kind == VK_DOUBLE) return c10::IValue(value.as.d);
      if (value.kind == VK_INT) return c10::IValue(value.as.i);
      if (value.kind == VK_BOOL_VALUE) return c10::IValue(value.as.i != 0);
      break;
    case ArgumentKind::kString:
      if (value.kind != VK_STRING) break;
      return c10::IValue(std::string(elements<char>(value, spec), static_cast<size_t>(value.count)));
    case ArgumentKind::kDevice: {
      if (value.kind != VK_DEVICE_VALUE) break;
      const auto bits = static_cast<uint64_t>(value.as.i);
      return c10::IValue(device_of(static_cast<int32_t>(bits & 0xFFFFFFFFU), static_cast<int32_t>(bits >> 32U)));
    }
    case ArgumentKind::kGenerator:
      if (value.kind != VK_GENERATOR) break;
      require(value.as.p != nullptr, VK_ERR_CLOSED, "generator is null");
      return c10::IValue(static_cast<vk_generator>(const_cast<void*>(value.as.p))->value);
    case ArgumentKind::kIntList:
      return int_list(value, spec);
    case ArgumentKind::kDoubleList:
      if (value.kind == VK_INT_LIST) return list_of<double, int64_t>(value, spec);
      if (value.kind != VK_DOUBLE_LIST) break;
      return list_of<double, double>(value, spec);
    case ArgumentKind::kBoolList:
      if (value.kind != VK_BOOL_LIST) break;
      return list_of<bool, uint8_t>(value, spec);
    case ArgumentKind::kScalarList:
      return scalar_list(value, spec);
    case ArgumentKind::kOther:
      throw Failure(VK_ERR_UNSUPPORTED, "argument '" + spec.name + "' of type " + spec.type_text +
                                            " can only be none through this interface");
  }
  mismatch(value, spec);
}

std::string describe_value(const vk_value& value) {
  switch (value.kind) {
    case VK_TENSOR: {
      const auto* handle = static_cast<vk_tensor>(const_cast<void*>(value.as.p));
      if (handle == nullptr || handle->magic != kTensorMagic) return "a released tensor";
      return describe(handle->value);
    }
    case VK_TENSOR_LIST:
      return std::to_string(value.count) + " tensors";
    case VK_INT:
      return std::to_string(value.as.i);
    case VK_DOUBLE:
      return std::to_string(value.as.d);
    case VK_BOOL_VALUE:
      return value.as.i != 0 ? "true" : "false";
    case VK_INT_LIST: {
      std::string text = "[";
      for (int64_t i = 0; i < value.count && i < 8 && value.as.p != nullptr; ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(static_cast<const int64_t*>(value.as.p)[i]);
      }
      return text + (value.count > 8 ? ", ...]" : "]");
    }
    case VK_DTYPE_VALUE:
      return dtype_name(value.as.i);
    default:
      return kind_text(value.kind);
  }
}

}  // namespace viking
