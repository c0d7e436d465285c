// CPUs with AVX2 and FMA; CMakeLists.txt has the options.
#define VK_WIDTH 8
#define VK_NAME "avx2"
#define VK_KERNELS kAvx2Kernels
#if defined(__x86_64__)
#include "predictor_kernels_impl.h"
#endif
