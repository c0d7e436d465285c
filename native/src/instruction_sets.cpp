// Which instructions this CPU has.
#include "instruction_sets.h"

#include <cstdlib>
#include <cstring>

namespace viking {

InstructionSet instruction_set(const char* variable) {
#if defined(__x86_64__)
  const char* asked = std::getenv(variable);
  const bool portable = asked != nullptr && std::strcmp(asked, "portable") == 0;
  const bool narrow = asked != nullptr && std::strcmp(asked, "avx2") == 0;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512 && !portable && !narrow) return InstructionSet::kAvx512;
  if (avx2 && !portable) return InstructionSet::kAvx2;
#else
  static_cast<void>(variable);
#endif
  return InstructionSet::kPortable;
}

}  // namespace viking
