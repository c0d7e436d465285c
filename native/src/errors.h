// Status codes, the exceptions behind them, and the guard around every exported function.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "viking_native.h"

namespace viking {

// A failure that this library itself reports.
class Failure : public std::exception {
 public:
  Failure(int32_t status, std::string message) : status_(status), message_(std::move(message)) {}
  int32_t status() const { return status_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int32_t status_;
  std::string message_;
};

// The caller's function returned a status other than VK_OK. Not a std::exception: nothing between the function and
// the guard may mistake it for an error of libtorch and wrap it.
struct CallbackFailure {
  int32_t status;
};

// Asks the innermost vk_jvp to evaluate its function again in reverse mode; see NOTE [Reroute] in the header.
struct Reroute {};

// Requires a condition on the caller's arguments.
inline void require(bool condition, int32_t status, const char* message) {
  if (!condition) throw Failure(status, message);
}

// Translates the exception in flight to a status and writes its message. `context` goes in front of the message.
int32_t translate_current_exception(const std::string& context, char* error, int64_t error_capacity) noexcept;

// Copies a message into the caller's buffer, cut to fit at a UTF-8 boundary.
void write_message(const char* message, char* error, int64_t error_capacity) noexcept;

// Runs an export's body. No exception gets past this function.
template <typename Body>
int32_t guarded(char* error, int64_t error_capacity, Body&& body) noexcept {
  try {
    body();
    return VK_OK;
  } catch (...) {
    return translate_current_exception({}, error, error_capacity);
  }
}

// Hands text to a caller's buffer: at most `capacity` bytes with the NUL; VK_ERR_CAPACITY when short.
void write_text(const std::string& text, char* buffer, int64_t capacity, int64_t* needed);

}  // namespace viking
