// Any CPU: vectors of four, which every x86_64 and aarch64 has.
#define VK_WIDTH 4
#define VK_NAME "portable"
#define VK_KERNELS kPortableKernels
#include "predictor_kernels_impl.h"
