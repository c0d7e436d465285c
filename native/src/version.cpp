// Exports: which library this is, and whether it fits its caller and its libtorch.
#include <ATen/Context.h>
#include <ATen/functorch/BatchedFallback.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <string>

#include "errors.h"

namespace viking {
namespace {

// The version of the libtorch that was loaded, which need not be the one compiled against.
std::string runtime_torch() {
  const std::string config = at::show_config();
  const std::string key = "TORCH_VERSION=";
  const size_t start = config.find(key);
  if (start == std::string::npos) return "unknown";
  const size_t from = start + key.size();
  return config.substr(from, config.find_first_of(", \n", from) - from);
}

std::string minor_of(const std::string& version) {
  const size_t first = version.find('.');
  return first == std::string::npos ? version : version.substr(0, version.find('.', first + 1));
}

}  // namespace
}  // namespace viking

using viking::guarded;

extern "C" {

int32_t vk_abi_version(void) { return VK_ABI_VERSION; }

int32_t vk_handshake(int32_t abi_version, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    if (abi_version != VK_ABI_VERSION) {
      throw viking::Failure(VK_ERR_ARGUMENT, "the caller speaks version " + std::to_string(abi_version) +
                                                 " of the native interface, this library version " +
                                                 std::to_string(VK_ABI_VERSION) + "; use matching builds of both");
    }
    const std::string found = viking::runtime_torch();
    if (found != "unknown" && viking::minor_of(found) != viking::minor_of(TORCH_VERSION)) {
      throw viking::Failure(VK_ERR_ARGUMENT, "this library was compiled against libtorch " +
                                                 std::string(TORCH_VERSION) + ", but libtorch " + found +
                                                 " was loaded; functorch's internals change between minor versions: "
                                                 "rebuild the library or provide the other libtorch");
    }
    // A missing batching rule falls back to a loop, which is right and slow; a line on stderr for each operator helps
    // nobody in a service. And projections need full float32 products.
    at::functorch::setVmapFallbackWarningEnabled(false);
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
  });
}

int32_t vk_build_info(char* buffer, int64_t capacity, int64_t* needed, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    std::string text = "abi=" + std::to_string(VK_ABI_VERSION) + "\n";
    text += "compiled_torch=" + std::string(TORCH_VERSION) + "\n";
    text += "runtime_torch=" + viking::runtime_torch() + "\n";
    text += std::string("cuda=") + (at::hasCUDA() ? "yes" : "no") + "\n";
    text += "compiler=" + std::string(__VERSION__) + "\n";
    viking::write_text(text, buffer, capacity, needed);
  });
}

}  // extern "C"
