// The inner loops of image_kernels.cpp, one set for each instruction set, chosen when the process starts.
//
// NOTE [Image loops]
// image_loops_impl.h is compiled once for each instruction set, by the three small files image_loops_*.cpp, in the way
// of NOTE [Predictor kernels]: no header with inline functions of external linkage.
#pragma once

#include <cstdint>

namespace viking {

template <typename T>
struct ImageLoops {
  // Tiles of two rows: the largest element of each, and its number in the tile, 0 to 3 row by row; of equal ones the
  // first, of several NaNs the last.
  void (*pool_row)(const T* top, const T* bottom, T* values, uint8_t* places, int64_t tiles);
  // The transpose: zeros everywhere but at the places.
  void (*scatter_row)(const T* cotangent, const uint8_t* places, T* top, T* bottom, int64_t tiles);
  // The elements at given places.
  void (*gather_row)(const T* top, const T* bottom, const uint8_t* places, T* values, int64_t tiles);
  // to[y to_row + x] = from[y from_row + x stride]
  void (*copy_rows)(const T* from, int64_t from_row, int64_t stride, int64_t rows, int64_t count, T* to,
                    int64_t to_row);
  // to[y to_row + x stride] += from[y from_row + x]
  void (*add_rows)(const T* from, int64_t from_row, int64_t rows, int64_t count, T* to, int64_t to_row, int64_t stride);
  // c[i, j] = start + sum_k a[i a_row + k a_column] b[k b_row + j], where start is bias[i] (0 where bias is null) if c
  // is fresh, and else c[i, j] itself; c is [m, n], contiguous.
  void (*product)(const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, int64_t m, int64_t k,
                  int64_t n, T* c, const T* bias, bool fresh);
  // The same with sum_k a[i a_row + k] b[j b_column + k].
  void (*dots)(const T* a, int64_t a_row, const T* b, int64_t b_column, int64_t m, int64_t k, int64_t n, T* c,
               const T* bias, bool fresh);
};

struct ImageLoopSet {
  ImageLoops<float> float32;
  ImageLoops<double> float64;
};

extern const ImageLoopSet kPortableImageLoops;
#if defined(__x86_64__)
extern const ImageLoopSet kAvx2ImageLoops;
extern const ImageLoopSet kAvx512ImageLoops;
#endif

// The best set for this CPU; VIKING_IMAGE_KERNELS=portable, avx2 or avx512 in the environment asks for another.
const ImageLoopSet& image_loop_set();

template <typename T>
const ImageLoops<T>& image_loops();

}  // namespace viking
