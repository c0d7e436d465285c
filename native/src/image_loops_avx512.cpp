// CPUs with AVX-512; CMakeLists.txt has the options.
#define VK_BYTES 64
#define VK_LOOPS kAvx512ImageLoops
#if defined(__x86_64__)
#include "image_loops_impl.h"
#endif
