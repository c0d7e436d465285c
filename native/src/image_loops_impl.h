// See NOTE [Image loops]. Included with VK_BYTES (bytes of a vector) and VK_LOOPS (name of the set) defined.
#include "image_loops.h"

namespace viking {
namespace {

#define VK_INLINE inline __attribute__((always_inline))

template <typename T>
struct Lanes {
  typedef T Vec __attribute__((vector_size(VK_BYTES)));
  typedef T Loose __attribute__((vector_size(VK_BYTES), aligned(sizeof(T)), may_alias));
  static constexpr int64_t kCount = VK_BYTES / sizeof(T);
};

template <typename T>
using Vec = typename Lanes<T>::Vec;

template <typename T>
VK_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename Lanes<T>::Loose*>(p);
}

template <typename T>
VK_INLINE void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename Lanes<T>::Loose*>(p) = v;
}

template <typename T>
VK_INLINE T sum_of(Vec<T> v) {
  constexpr int64_t count = Lanes<T>::kCount;
  T lanes[count];
  store(lanes, v);
  for (int64_t step = count / 2; step > 0; step /= 2)
    for (int64_t i = 0; i < step; ++i) lanes[i] += lanes[i + step];
  return lanes[0];
}

// --- pooling ---

// Places as wide as the values, so that the compiler makes vectors of both.
constexpr int64_t kBlock = 64;

template <typename T>
void pool_row(const T* __restrict top, const T* __restrict bottom, T* __restrict values, uint8_t* __restrict places,
              int64_t tiles) {
  T wide[kBlock];
  for (int64_t start = 0; start < tiles; start += kBlock) {
    const int64_t count = tiles - start < kBlock ? tiles - start : kBlock;
    const T* __restrict upper = top + 2 * start;
    const T* __restrict lower = bottom + 2 * start;
    for (int64_t i = 0; i < count; ++i) {
      T best = upper[2 * i], place = 0;
      const T second = upper[2 * i + 1], third = lower[2 * i], fourth = lower[2 * i + 1];
      bool more = (second > best) | (second != second);
      best = more ? second : best;
      place = more ? T(1) : place;
      more = (third > best) | (third != third);
      best = more ? third : best;
      place = more ? T(2) : place;
      more = (fourth > best) | (fourth != fourth);
      values[start + i] = more ? fourth : best;
      wide[i] = more ? T(3) : place;
    }
    for (int64_t i = 0; i < count; ++i) places[start + i] = static_cast<uint8_t>(static_cast<int32_t>(wide[i]));
  }
}

template <typename T>
VK_INLINE void widen(const uint8_t* __restrict places, int64_t count, T* __restrict wide) {
  for (int64_t i = 0; i < count; ++i) wide[i] = static_cast<T>(static_cast<int32_t>(places[i]));
}

template <typename T>
void scatter_row(const T* __restrict cotangent, const uint8_t* __restrict places, T* __restrict top,
                 T* __restrict bottom, int64_t tiles) {
  T wide[kBlock];
  for (int64_t start = 0; start < tiles; start += kBlock) {
    const int64_t count = tiles - start < kBlock ? tiles - start : kBlock;
    widen(places + start, count, wide);
    const T* __restrict values = cotangent + start;
    T* __restrict upper = top + 2 * start;
    T* __restrict lower = bottom + 2 * start;
    for (int64_t i = 0; i < count; ++i) {
      upper[2 * i] = wide[i] == T(0) ? values[i] : T(0);
      upper[2 * i + 1] = wide[i] == T(1) ? values[i] : T(0);
    }
    for (int64_t i = 0; i < count; ++i) {
      lower[2 * i] = wide[i] == T(2) ? values[i] : T(0);
      lower[2 * i + 1] = wide[i] == T(3) ? values[i] : T(0);
    }
  }
}

template <typename T>
void gather_row(const T* __restrict top, const T* __restrict bottom, const uint8_t* __restrict places,
                T* __restrict values, int64_t tiles) {
  T wide[kBlock];
  for (int64_t start = 0; start < tiles; start += kBlock) {
    const int64_t count = tiles - start < kBlock ? tiles - start : kBlock;
    widen(places + start, count, wide);
    const T* __restrict upper = top + 2 * start;
    const T* __restrict lower = bottom + 2 * start;
    for (int64_t i = 0; i < count; ++i) {
      const T first = upper[2 * i], second = upper[2 * i + 1], third = lower[2 * i], fourth = lower[2 * i + 1];
      const T above = wide[i] == T(1) ? second : first;
      const T below = wide[i] == T(3) ? fourth : third;
      values[start + i] = wide[i] < T(2) ? above : below;
    }
  }
}

// --- windows ---

template <typename T>
void copy_rows(const T* __restrict from, int64_t from_row, int64_t stride, int64_t rows, int64_t count,
               T* __restrict to, int64_t to_row) {
  constexpr int64_t lanes = Lanes<T>::kCount;
  for (int64_t y = 0; y < rows; ++y, from += from_row, to += to_row) {
    int64_t x = 0;
    if (stride == 1)
      for (; x + lanes <= count; x += lanes) store(to + x, load(from + x));
    for (; x < count; ++x) to[x] = from[x * stride];
  }
}

template <typename T>
void add_rows(const T* __restrict from, int64_t from_row, int64_t rows, int64_t count, T* __restrict to, int64_t to_row,
              int64_t stride) {
  constexpr int64_t lanes = Lanes<T>::kCount;
  for (int64_t y = 0; y < rows; ++y, from += from_row, to += to_row) {
    int64_t x = 0;
    if (stride == 1)
      for (; x + lanes <= count; x += lanes) store<T>(to + x, load(to + x) + load(from + x));
    for (; x < count; ++x) to[x * stride] += from[x];
  }
}

// --- products ---

// Where the sums of a block go: added to c, or in its place after adding a number for each row.
template <typename T>
struct Target {
  T* c;
  int64_t row;    // from one row to the next
  const T* bias;  // one for each row, or null
  bool fresh;

  VK_INLINE Target at(int64_t i, int64_t j) const { return {c + i * row + j, row, bias ? bias + i : nullptr, fresh}; }
  VK_INLINE T start(int64_t i) const { return bias ? bias[i] : T(0); }
};

// ROWS rows of c times VECTORS vectors of columns, in registers over the whole inner dimension.
template <typename T, int ROWS, int VECTORS>
VK_INLINE void product_block(const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, int64_t k,
                             Target<T> to) {
  constexpr int64_t lanes = Lanes<T>::kCount;
  Vec<T> sums[ROWS][VECTORS];
  for (int r = 0; r < ROWS; ++r)
    for (int v = 0; v < VECTORS; ++v)
      sums[r][v] = to.fresh ? to.start(r) - Vec<T>{} : load(to.c + r * to.row + v * lanes);
  for (int64_t i = 0; i < k; ++i) {
    Vec<T> right[VECTORS];
    for (int v = 0; v < VECTORS; ++v) right[v] = load(b + i * b_row + v * lanes);
    for (int r = 0; r < ROWS; ++r) {
      const T left = a[r * a_row + i * a_column];
      for (int v = 0; v < VECTORS; ++v) sums[r][v] += left * right[v];
    }
  }
  for (int r = 0; r < ROWS; ++r)
    for (int v = 0; v < VECTORS; ++v) store<T>(to.c + r * to.row + v * lanes, sums[r][v]);
}

template <typename T, int ROWS>
void product_rows(const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, int64_t k, int64_t n,
                  Target<T> to) {
  constexpr int64_t lanes = Lanes<T>::kCount;
  int64_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes)
    product_block<T, ROWS, 2>(a, a_row, a_column, b + j, b_row, k, to.at(0, j));
  for (; j + lanes <= n; j += lanes) product_block<T, ROWS, 1>(a, a_row, a_column, b + j, b_row, k, to.at(0, j));
  for (; j < n; ++j)
    for (int r = 0; r < ROWS; ++r) {
      T sum = to.fresh ? to.start(r) : to.c[r * to.row + j];
      for (int64_t i = 0; i < k; ++i) sum += a[r * a_row + i * a_column] * b[i * b_row + j];
      to.c[r * to.row + j] = sum;
    }
}

template <typename T>
void product(const T* a, int64_t a_row, int64_t a_column, const T* b, int64_t b_row, int64_t m, int64_t k, int64_t n,
             T* c, const T* bias, bool fresh) {
  const Target<T> whole{c, n, bias, fresh};
  int64_t i = 0;
  for (; i + 6 <= m; i += 6) product_rows<T, 6>(a + i * a_row, a_row, a_column, b, b_row, k, n, whole.at(i, 0));
  const T* rest = a + i * a_row;
  const Target<T> to = whole.at(i, 0);
  switch (m - i) {
    case 5:
      return product_rows<T, 5>(rest, a_row, a_column, b, b_row, k, n, to);
    case 4:
      return product_rows<T, 4>(rest, a_row, a_column, b, b_row, k, n, to);
    case 3:
      return product_rows<T, 3>(rest, a_row, a_column, b, b_row, k, n, to);
    case 2:
      return product_rows<T, 2>(rest, a_row, a_column, b, b_row, k, n, to);
    case 1:
      return product_rows<T, 1>(rest, a_row, a_column, b, b_row, k, n, to);
    default:
      return;
  }
}

typedef float Quarters __attribute__((vector_size(16)));

// Sums of four vectors: neighbours are added until each quarter of a vector holds one sum of each. The compiler makes
// single instructions of the patterns only where they are written out.
#if VK_BYTES == 16
#define VK_PAIRS(x, y) (__builtin_shufflevector(x, y, 0, 4, 2, 6) + __builtin_shufflevector(x, y, 1, 5, 3, 7))
#define VK_QUARTERS(x, y) (__builtin_shufflevector(x, y, 0, 1, 4, 5) + __builtin_shufflevector(x, y, 2, 3, 6, 7))
#define VK_FOLD(x) (x)
#elif VK_BYTES == 32
#define VK_PAIRS(x, y) \
  (__builtin_shufflevector(x, y, 0, 8, 2, 10, 4, 12, 6, 14) + __builtin_shufflevector(x, y, 1, 9, 3, 11, 5, 13, 7, 15))
#define VK_QUARTERS(x, y) \
  (__builtin_shufflevector(x, y, 0, 1, 8, 9, 4, 5, 12, 13) + __builtin_shufflevector(x, y, 2, 3, 10, 11, 6, 7, 14, 15))
#define VK_FOLD(x) (__builtin_shufflevector(x, x, 0, 1, 2, 3) + __builtin_shufflevector(x, x, 4, 5, 6, 7))
#else
#define VK_PAIRS(x, y)                                                                        \
  (__builtin_shufflevector(x, y, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) + \
   __builtin_shufflevector(x, y, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#define VK_QUARTERS(x, y)                                                                    \
  (__builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) + \
   __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#define VK_FOLD(x)                                                                         \
  (__builtin_shufflevector(x, x, 0, 1, 2, 3) + __builtin_shufflevector(x, x, 4, 5, 6, 7) + \
   __builtin_shufflevector(x, x, 8, 9, 10, 11) + __builtin_shufflevector(x, x, 12, 13, 14, 15))
#endif

VK_INLINE void sums_of_four(const Vec<float>* v, float* sums) {
  const Vec<float> first = VK_PAIRS(v[0], v[1]);
  const Vec<float> second = VK_PAIRS(v[2], v[3]);
  Quarters all = VK_FOLD(VK_QUARTERS(first, second));
  __builtin_memcpy(sums, &all, sizeof(all));
}

VK_INLINE void sums_of_four(const Vec<double>* v, double* sums) {
  for (int i = 0; i < 4; ++i) sums[i] = sum_of<double>(v[i]);
}

// The last few elements of a block's dot products; apart from the block, whose registers it would take.
template <typename T>
__attribute__((noinline)) void add_rest(const T* a, int64_t a_row, const T* b, int64_t b_column, int64_t k, int rows,
                                        int columns, T* c, int64_t c_row) {
  for (int r = 0; r < rows; ++r)
    for (int j = 0; j < columns; ++j)
      for (int64_t x = 0; x < k; ++x) c[r * c_row + j] += a[r * a_row + x] * b[j * b_column + x];
}

template <typename T, int ROWS, int COLUMNS>
VK_INLINE void dots_block(const T* a, int64_t a_row, const T* b, int64_t b_column, int64_t k, Target<T> to) {
  constexpr int64_t lanes = Lanes<T>::kCount;
  Vec<T> sums[ROWS][COLUMNS] = {};
  int64_t i = 0;
  for (; i + lanes <= k; i += lanes) {
    Vec<T> left[ROWS];
    for (int r = 0; r < ROWS; ++r) left[r] = load(a + r * a_row + i);
    for (int j = 0; j < COLUMNS; ++j) {
      const Vec<T> right = load(b + j * b_column + i);
      for (int r = 0; r < ROWS; ++r) sums[r][j] += left[r] * right;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < ROWS; ++r) {
    T each[COLUMNS];
    if constexpr (COLUMNS == 4) {
      sums_of_four(sums[r], each);
    } else {
      for (int j = 0; j < COLUMNS; ++j) each[j] = sum_of<T>(sums[r][j]);
    }
    T* at = to.c + r * to.row;
    const T start = to.start(r);
    for (int j = 0; j < COLUMNS; ++j) at[j] = each[j] + (to.fresh ? start : at[j]);
  }
  if (i < k) add_rest(a + i, a_row, b + i, b_column, k - i, ROWS, COLUMNS, to.c, to.row);
}

template <typename T, int ROWS>
void dots_rows(const T* a, int64_t a_row, const T* b, int64_t b_column, int64_t k, int64_t n, Target<T> to) {
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) dots_block<T, ROWS, 4>(a, a_row, b + j * b_column, b_column, k, to.at(0, j));
  for (; j < n; ++j) dots_block<T, ROWS, 1>(a, a_row, b + j * b_column, b_column, k, to.at(0, j));
}

template <typename T>
void dots(const T* a, int64_t a_row, const T* b, int64_t b_column, int64_t m, int64_t k, int64_t n, T* c, const T* bias,
          bool fresh) {
  const Target<T> whole{c, n, bias, fresh};
  int64_t i = 0;
  for (; i + 3 <= m; i += 3) dots_rows<T, 3>(a + i * a_row, a_row, b, b_column, k, n, whole.at(i, 0));
  if (m - i == 2) dots_rows<T, 2>(a + i * a_row, a_row, b, b_column, k, n, whole.at(i, 0));
  if (m - i == 1) dots_rows<T, 1>(a + i * a_row, a_row, b, b_column, k, n, whole.at(i, 0));
}

template <typename T>
constexpr ImageLoops<T> kLoops{pool_row<T>, scatter_row<T>, gather_row<T>, copy_rows<T>,
                               add_rows<T>, product<T>,     dots<T>};

}  // namespace

extern const ImageLoopSet VK_LOOPS;
const ImageLoopSet VK_LOOPS{kLoops<float>, kLoops<double>};

}  // namespace viking
