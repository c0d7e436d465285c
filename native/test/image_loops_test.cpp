// Every set of loops that this CPU runs against plain loops in double precision. The wide set has the width of
// AVX-512's vectors and is compiled for the CPU that builds: it tests those loops where there is no such CPU.
#include "image_loops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "instruction_sets.h"

namespace viking {
extern const ImageLoopSet kWideImageLoops;
}

namespace {

using viking::ImageLoops;
using viking::ImageLoopSet;
using viking::InstructionSet;

std::vector<const ImageLoopSet*> sets() {
  std::vector<const ImageLoopSet*> present{&viking::kPortableImageLoops, &viking::kWideImageLoops};
#if defined(__x86_64__)
  const InstructionSet best = viking::instruction_set("VIKING_NO_SUCH_VARIABLE");
  if (best != InstructionSet::kPortable) present.push_back(&viking::kAvx2ImageLoops);
  if (best == InstructionSet::kAvx512) present.push_back(&viking::kAvx512ImageLoops);
#endif
  return present;
}

template <typename T>
const ImageLoops<T>& loops(const ImageLoopSet& set);
template <>
const ImageLoops<float>& loops<float>(const ImageLoopSet& set) {
  return set.float32;
}
template <>
const ImageLoops<double>& loops<double>(const ImageLoopSet& set) {
  return set.float64;
}

template <typename T>
std::vector<T> numbers(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<T> result(static_cast<size_t>(count));
  for (T& number : result) number = static_cast<T>(normal(random));
  return result;
}

template <typename T>
class ImageLoopsTest : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(ImageLoopsTest, Types);

TYPED_TEST(ImageLoopsTest, PoolingFindsTheFirstOfTheLargestAndTheLastNan) {
  constexpr int64_t kTiles = 133;  // two blocks and a remainder
  for (const ImageLoopSet* set : sets()) {
    std::vector<TypeParam> top = numbers<TypeParam>(2 * kTiles, 1), bottom = numbers<TypeParam>(2 * kTiles, 2);
    for (TypeParam& value : top) value = std::round(value);
    for (TypeParam& value : bottom) value = std::round(value);
    top[9] = bottom[8] = std::numeric_limits<TypeParam>::quiet_NaN();
    std::vector<TypeParam> values(kTiles), back(kTiles), upper(2 * kTiles, 7), lower(2 * kTiles, 7);
    std::vector<uint8_t> places(kTiles);
    loops<TypeParam>(*set).pool_row(top.data(), bottom.data(), values.data(), places.data(), kTiles);
    loops<TypeParam>(*set).gather_row(top.data(), bottom.data(), places.data(), back.data(), kTiles);
    loops<TypeParam>(*set).scatter_row(values.data(), places.data(), upper.data(), lower.data(), kTiles);
    for (int64_t i = 0; i < kTiles; ++i) {
      const TypeParam tile[] = {top[2 * i], top[2 * i + 1], bottom[2 * i], bottom[2 * i + 1]};
      const TypeParam spread[] = {upper[2 * i], upper[2 * i + 1], lower[2 * i], lower[2 * i + 1]};
      int expected = 0;
      for (int k = 1; k < 4; ++k)
        if (tile[k] > tile[expected] || std::isnan(tile[k])) expected = k;
      ASSERT_EQ(expected, places[i]) << "tile " << i;
      for (int k = 0; k < 4; ++k) {
        const TypeParam wanted = k == expected ? tile[k] : 0;
        ASSERT_TRUE(spread[k] == wanted || (std::isnan(spread[k]) && std::isnan(wanted))) << "tile " << i;
      }
      ASSERT_TRUE(values[i] == tile[expected] || std::isnan(tile[expected]));
      ASSERT_TRUE(back[i] == tile[expected] || std::isnan(tile[expected]));
    }
  }
}

TYPED_TEST(ImageLoopsTest, RowsAreCopiedAndAdded) {
  for (const ImageLoopSet* set : sets()) {
    for (int64_t stride : {1, 2, 3}) {
      for (int64_t count : {0, 1, 5, 8, 19, 37}) {
        constexpr int64_t kRows = 3;
        const int64_t wide = stride * count + 2, narrow = count + 1;
        const std::vector<TypeParam> from = numbers<TypeParam>(kRows * wide, 3);
        std::vector<TypeParam> to(kRows * narrow, 7), sum(from);
        loops<TypeParam>(*set).copy_rows(from.data(), wide, stride, kRows, count, to.data(), narrow);
        loops<TypeParam>(*set).add_rows(to.data(), narrow, kRows, count, sum.data(), wide, stride);
        for (int64_t y = 0; y < kRows; ++y) {
          for (int64_t x = 0; x < count; ++x) {
            ASSERT_EQ(from[y * wide + x * stride], to[y * narrow + x]);
            ASSERT_EQ(2 * from[y * wide + x * stride], sum[y * wide + x * stride]);
          }
          ASSERT_EQ(7, to[y * narrow + count]);
          ASSERT_EQ(from[y * wide + stride * count], sum[y * wide + stride * count]);
        }
      }
    }
  }
}

TYPED_TEST(ImageLoopsTest, ProductsAreSums) {
  const double tolerance = sizeof(TypeParam) == 4 ? 2e-5 : 1e-13;
  for (const ImageLoopSet* set : sets()) {
    for (int64_t m : {1, 2, 3, 4, 5, 6, 7, 16}) {
      for (int64_t k : {0, 1, 7, 16, 35}) {
        for (int64_t n : {1, 3, 4, 8, 19, 33, 50}) {
          const std::vector<TypeParam> a = numbers<TypeParam>(m * k, 4), b = numbers<TypeParam>(k * n, 5);
          const std::vector<TypeParam> bias = numbers<TypeParam>(m, 6), before = numbers<TypeParam>(m * n, 7);
          // The left operand row by row and column by column; the right one so for products, and for dot products.
          for (int variant = 0; variant < 12; ++variant) {
            const bool columns = variant % 2, dots = variant / 2 % 2;
            const int start = variant / 4;  // 0: added; 1: fresh; 2: fresh, with bias
            if (dots && columns) continue;
            std::vector<TypeParam> c(before);
            const TypeParam* offset = start == 2 ? bias.data() : nullptr;
            if (dots) {
              loops<TypeParam>(*set).dots(a.data(), k, b.data(), k, m, k, n, c.data(), offset, start > 0);
            } else {
              loops<TypeParam>(*set).product(a.data(), columns ? 1 : k, columns ? m : 1, b.data(), n, m, k, n, c.data(),
                                             offset, start > 0);
            }
            for (int64_t i = 0; i < m; ++i) {
              for (int64_t j = 0; j < n; ++j) {
                double sum = start == 0 ? before[i * n + j] : start == 2 ? bias[i] : 0;
                for (int64_t x = 0; x < k; ++x)
                  sum += static_cast<double>(columns ? a[x * m + i] : a[i * k + x]) *
                         static_cast<double>(dots ? b[j * k + x] : b[x * n + j]);
                ASSERT_NEAR(sum, c[i * n + j], tolerance) << m << " x " << k << " x " << n << ", variant " << variant;
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace
