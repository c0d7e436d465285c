// A stand-in for nlohmann/json.hpp.
//
// libtorch's <ATen/functorch/Interpreter.h> includes that header for the serialisation of interpreters, but the
// libtorch distribution does not ship it. This library never serialises an interpreter, so declarations are
// enough: nothing here is ever defined or called, and no dependency is added to the build.
#pragma once

#include <string>

namespace nlohmann {

class json {
 public:
  json() = default;
  template <typename T>
  explicit json(const T&) {}

  std::string dump() const { return {}; }
  static json parse(const std::string&) { return {}; }

  template <typename T>
  T get() const {
    return T();
  }
};

}  // namespace nlohmann
