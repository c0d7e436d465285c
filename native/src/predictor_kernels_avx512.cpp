// CPUs with AVX-512 F, BW, DQ and VL; CMakeLists.txt has the options.
#define VK_WIDTH 16
#define VK_NAME "avx512"
#define VK_KERNELS kAvx512Kernels
#if defined(__x86_64__)
#include "predictor_kernels_impl.h"
#endif
