// Which set of loops this CPU runs.
#include "image_loops.h"

#include "instruction_sets.h"

namespace viking {

const ImageLoopSet& image_loop_set() {
#if defined(__x86_64__)
  static const InstructionSet best = instruction_set("VIKING_IMAGE_KERNELS");
  if (best == InstructionSet::kAvx512) return kAvx512ImageLoops;
  if (best == InstructionSet::kAvx2) return kAvx2ImageLoops;
#endif
  return kPortableImageLoops;
}

template <>
const ImageLoops<float>& image_loops<float>() {
  return image_loop_set().float32;
}

template <>
const ImageLoops<double>& image_loops<double>() {
  return image_loop_set().float64;
}

}  // namespace viking
