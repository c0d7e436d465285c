#include "errors.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <new>
#include <string_view>

#include "frames.h"

namespace viking {
namespace {

// libtorch's plain c10::Error says by its text alone what went wrong, so the status is read off the text: a wrong
// guess costs precision of the Java exception's type, never its message.
struct Hint {
  std::string_view text;
  int32_t status;
};

constexpr std::array<Hint, 44> kHints{{
    {"can't allocate memory", VK_ERR_OUT_OF_MEMORY},
    {"out of memory", VK_ERR_OUT_OF_MEMORY},
    {"not enough memory", VK_ERR_OUT_OF_MEMORY},
    {"storage size calculation overflowed", VK_ERR_SHAPE},
    {"expected all tensors to be on the same device", VK_ERR_DEVICE},
    {"no cuda gpus are available", VK_ERR_DEVICE},
    {"found no nvidia driver", VK_ERR_DEVICE},
    {"invalid device", VK_ERR_DEVICE},
    {"not compiled with cuda", VK_ERR_DEVICE},
    {"cannot initialize cuda", VK_ERR_DEVICE},
    {"pytorch is not linked with support for cuda", VK_ERR_DEVICE},
    {"from the 'cuda' backend", VK_ERR_DEVICE},
    {"device type", VK_ERR_DEVICE},
    {"is not implemented", VK_ERR_NOT_IMPLEMENTED},
    {"rule not implemented", VK_ERR_NOT_IMPLEMENTED},
    {"dtype", VK_ERR_DTYPE},
    {"scalar type", VK_ERR_DTYPE},
    {"scalartype", VK_ERR_DTYPE},
    {"not implemented for '", VK_ERR_DTYPE},
    {"result type", VK_ERR_DTYPE},
    {"can't be cast", VK_ERR_DTYPE},
    {"expected a floating point", VK_ERR_DTYPE},
    {"to have the same type", VK_ERR_DTYPE},
    {"floating point or complex", VK_ERR_DTYPE},
    {"only tensors of floating point", VK_ERR_DTYPE},
    {"out of bounds", VK_ERR_INDEX},
    {"index out of range", VK_ERR_INDEX},
    {"out of range", VK_ERR_INDEX},
    {"must match the size", VK_ERR_SHAPE},
    {"shape", VK_ERR_SHAPE},
    {"size mismatch", VK_ERR_SHAPE},
    {"sizes", VK_ERR_SHAPE},
    {"size of tensor", VK_ERR_SHAPE},
    {"invalid for input of size", VK_ERR_SHAPE},
    {"is invalid for input", VK_ERR_SHAPE},
    {"dimension", VK_ERR_SHAPE},
    {"dims", VK_ERR_SHAPE},
    {"-d tensor", VK_ERR_SHAPE},
    {"1d tensor", VK_ERR_SHAPE},
    {"2d", VK_ERR_SHAPE},
    {"3d", VK_ERR_SHAPE},
    {"channels", VK_ERR_SHAPE},
    {"number of elements", VK_ERR_SHAPE},
    {"size", VK_ERR_SHAPE},
}};

int32_t classify(std::string_view message) noexcept {
  try {
    std::string lower(message.substr(0, 2000));
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const Hint& hint : kHints) {
      if (lower.find(hint.text) != std::string::npos) return hint.status;
    }
  } catch (...) {
    return VK_ERR_TORCH;
  }
  return VK_ERR_TORCH;
}

// Forward mode has no rule here: the innermost jvp can still get its product from two reverse passes.
bool ask_for_reverse_mode(const char* message) noexcept {
  return std::strstr(message, "forward AD") != nullptr && request_reroute();
}

int32_t report(int32_t status, const std::string& context, const char* message, char* error, int64_t capacity) {
  try {
    write_message((context + message).c_str(), error, capacity);
  } catch (...) {
    write_message(message, error, capacity);
  }
  return status;
}

}  // namespace

void write_message(const char* message, char* error, int64_t error_capacity) noexcept {
  if (error == nullptr || error_capacity <= 0) return;
  size_t length = std::strlen(message);
  const auto room = static_cast<size_t>(error_capacity - 1);
  if (length > room) {
    length = room;
    // Step back over continuation bytes, so that the cut text is still UTF-8.
    while (length > 0 && (static_cast<unsigned char>(message[length]) & 0xC0U) == 0x80U) --length;
  }
  std::memcpy(error, message, length);
  error[length] = '\0';
}

int32_t translate_current_exception(const std::string& context, char* error, int64_t capacity) noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    return report(failure.status(), context, failure.what(), error, capacity);
  } catch (const CallbackFailure& failure) {
    if (failure.status != VK_ERR_REROUTE) {
      return report(VK_ERR_CALLBACK, context, "the transformed function failed", error, capacity);
    }
    return report(VK_ERR_REROUTE, context, "evaluated again in reverse mode", error, capacity);
  } catch (const Reroute&) {
    return report(VK_ERR_REROUTE, context, "evaluated again in reverse mode", error, capacity);
  } catch (const c10::OutOfMemoryError& e) {
    return report(VK_ERR_OUT_OF_MEMORY, context, e.what_without_backtrace(), error, capacity);
  } catch (const c10::NotImplementedError& e) {
    if (ask_for_reverse_mode(e.what_without_backtrace())) {
      return report(VK_ERR_REROUTE, context, e.what_without_backtrace(), error, capacity);
    }
    const int32_t status = classify(e.what_without_backtrace());
    return report(status == VK_ERR_DEVICE || status == VK_ERR_DTYPE ? status : VK_ERR_NOT_IMPLEMENTED, context,
                  e.what_without_backtrace(), error, capacity);
  } catch (const c10::LinAlgError& e) {
    return report(VK_ERR_LINALG, context, e.what_without_backtrace(), error, capacity);
  } catch (const c10::IndexError& e) {
    return report(VK_ERR_INDEX, context, e.what_without_backtrace(), error, capacity);
  } catch (const c10::Error& e) {
    if (ask_for_reverse_mode(e.what_without_backtrace())) {
      return report(VK_ERR_REROUTE, context, e.what_without_backtrace(), error, capacity);
    }
    return report(classify(e.what_without_backtrace()), context, e.what_without_backtrace(), error, capacity);
  } catch (const std::bad_alloc&) {
    return report(VK_ERR_OUT_OF_MEMORY, context, "the host is out of memory", error, capacity);
  } catch (const std::exception& e) {
    return report(classify(e.what()), context, e.what(), error, capacity);
  } catch (...) {
    return report(VK_ERR_INTERNAL, context, "an unknown C++ exception", error, capacity);
  }
}

void write_text(const std::string& text, char* buffer, int64_t capacity, int64_t* needed) {
  require(needed != nullptr, VK_ERR_ARGUMENT, "needed is null");
  *needed = static_cast<int64_t>(text.size()) + 1;
  if (buffer == nullptr || capacity < *needed) {
    throw Failure(VK_ERR_CAPACITY, "the text needs " + std::to_string(*needed) + " bytes, the buffer has " +
                                       std::to_string(buffer == nullptr ? 0 : capacity));
  }
  std::memcpy(buffer, text.c_str(), text.size() + 1);
}

}  // namespace viking
