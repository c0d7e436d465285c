// Any CPU: vectors of 16 bytes, which every x86_64 and aarch64 has.
#define VK_BYTES 16
#define VK_LOOPS kPortableImageLoops
#include "image_loops_impl.h"
