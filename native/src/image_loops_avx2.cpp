// CPUs with AVX2 and FMA; CMakeLists.txt has the options.
#define VK_BYTES 32
#define VK_LOOPS kAvx2ImageLoops
#if defined(__x86_64__)
#include "image_loops_impl.h"
#endif
