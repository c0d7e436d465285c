// Which set of kernels this CPU runs.
#include "predictor_kernels.h"

#include "instruction_sets.h"

namespace viking {

const PredictorKernels& predictor_kernels() {
#if defined(__x86_64__)
  static const InstructionSet best = instruction_set("VIKING_PREDICTOR_KERNELS");
  if (best == InstructionSet::kAvx512) return kAvx512Kernels;
  if (best == InstructionSet::kAvx2) return kAvx2Kernels;
#endif
  return kPortableKernels;
}

}  // namespace viking
