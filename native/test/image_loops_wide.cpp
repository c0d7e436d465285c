// The loops with vectors of 64 bytes, as AVX-512 has them, for whatever CPU the compiler is told of.
#define VK_BYTES 64
#define VK_LOOPS kWideImageLoops
#include "image_loops_impl.h"
