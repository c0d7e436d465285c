// Conversion between the ABI's vk_value and libtorch's IValue, checked against an operator's schema.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <optional>
#include <string>

#include "viking_native.h"

namespace viking {

enum class ArgumentKind {
  kTensor,
  kTensorList,
  kOptionalTensorList,
  kInt,
  kDouble,
  kBool,
  kScalar,
  kString,
  kDevice,
  kGenerator,
  kIntList,
  kDoubleList,
  kBoolList,
  kScalarList,
  kOther
};

// One argument of a schema, in the form that the call path needs.
struct ArgumentSpec {
  std::string name;
  std::string type_text;
  ArgumentKind kind = ArgumentKind::kOther;
  bool optional = false;
  bool takes_number = false;      // a tensor argument for which a number may stand
  std::optional<int32_t> repeat;  // int[2]: one integer stands for two
  std::optional<c10::IValue> default_value;
};

ArgumentSpec argument_spec(const c10::Argument& argument);

// Converts; a Failure names the argument, what was given and what the schema needs.
c10::IValue to_ivalue(const vk_value& value, const ArgumentSpec& spec);

// Short text of a value for messages.
std::string describe_value(const vk_value& value);

}  // namespace viking
