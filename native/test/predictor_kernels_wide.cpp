// The kernels with vectors of 16 floats, as AVX-512 has them, for whatever CPU the compiler is told of.
#define VK_WIDTH 16
#define VK_NAME "generic"
#define VK_KERNELS kWideKernels
#include "predictor_kernels_impl.h"
