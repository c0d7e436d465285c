// The kernels with vectors of 16 floats, as AVX-512 has them, for whatever CPU the compiler is told of.
namespace viking {
struct PredictorKernels;
extern const PredictorKernels kWideKernels;
}  // namespace viking

#define VK_WIDTH 16
#define VK_NAME "wide"
#define VK_KERNELS kWideKernels
#include "predictor_kernels_impl.h"
