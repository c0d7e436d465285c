// Which set of kernels this CPU runs.
#include "predictor_kernels.h"

#include <cstdlib>
#include <cstring>

namespace viking {

namespace {

const PredictorKernels& choose() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const char* asked = std::getenv("VIKING_PREDICTOR_KERNELS");
  // What the CPU lacks is never chosen, whoever asks.
  const bool portable = asked != nullptr && std::strcmp(asked, "portable") == 0;
  const bool narrow = asked != nullptr && std::strcmp(asked, "avx2") == 0;
  if (avx512 && !portable && !narrow) return kAvx512Kernels;
  if (avx2 && !portable) return kAvx2Kernels;
#endif
  return kPortableKernels;
}

}  // namespace

const PredictorKernels& predictor_kernels() {
  static const PredictorKernels& chosen = choose();
  return chosen;
}

}  // namespace viking
