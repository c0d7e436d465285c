// Every set of kernels that this CPU runs against plain loops in double precision, and against the portable set. The
// wide set has the width of AVX-512's vectors and is compiled for the CPU that builds: it tests those loops where there
// is no such CPU.
#include "predictor_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace viking {
extern const PredictorKernels kWideKernels;
}

namespace {

using viking::Activation;
using viking::kPanel;
using viking::PredictorKernels;
using viking::round_up;

std::vector<const PredictorKernels*> sets() {
  std::vector<const PredictorKernels*> present{&viking::kPortableKernels, &viking::kWideKernels};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) present.push_back(&viking::kAvx2Kernels);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    present.push_back(&viking::kAvx512Kernels);
#endif
  return present;
}

double exact(double x, Activation activation) {
  switch (activation) {
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kRelu:
      return x < 0 ? 0 : x;
    case Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kNone:
      break;
  }
  return x;
}

constexpr Activation kActivations[] = {Activation::kNone, Activation::kTanh, Activation::kRelu, Activation::kGeluTanh,
                                       Activation::kSilu};

class Kernels : public testing::TestWithParam<const PredictorKernels*> {
 protected:
  const PredictorKernels& kernels() const { return *GetParam(); }

  std::vector<float> numbers(int64_t count, float scale = 1) {
    std::normal_distribution<float> normal(0, scale);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = normal(random_);
    return values;
  }

  std::mt19937 random_{7};
};

size_t at(int64_t i) { return static_cast<size_t>(i); }

TEST_P(Kernels, LinearIsAMatrixProduct) {
  for (const int64_t in : {1, 7, 64})
    for (const int64_t out : {1, 16, 40, 130})
      for (const int64_t count : {1, 2, 3, 4, 5, 6, 11})
        for (const Activation activation : {Activation::kNone, Activation::kTanh}) {
          const int64_t panels = round_up(out, kPanel);
          const auto x = numbers(count * in);
          const auto w = numbers(panels * in);  // in panels: weight of output o and input i is at panel, i, lane
          const auto b = numbers(panels);
          std::vector<float> y(at(count * panels), NAN);
          kernels().linear(x.data(), in, count, w.data(), b.data(), in, out, y.data(), panels, activation);
          for (int64_t r = 0; r < count; ++r)
            for (int64_t o = 0; o < panels; ++o) {
              double sum = b[at(o)];
              for (int64_t i = 0; i < in; ++i)
                sum += static_cast<double>(x[at(r * in + i)]) * w[at((o / kPanel * in + i) * kPanel + o % kPanel)];
              ASSERT_NEAR(y[at(r * panels + o)], exact(sum, activation), 2e-5) << in << ' ' << out << ' ' << count;
            }
        }
}

TEST_P(Kernels, DotIsAMatrixProductToo) {
  for (const int64_t in : {16, 48, 256})
    for (const int64_t out : {1, 3, 4})
      for (const int64_t count : {1, 5}) {
        const auto x = numbers(count * in);
        const auto w = numbers(out * in);
        const auto b = numbers(round_up(out, kPanel));
        std::vector<float> y(at(count * kPanel), NAN);
        kernels().dot(x.data(), in, count, w.data(), b.data(), in, out, y.data(), kPanel, Activation::kSilu);
        for (int64_t r = 0; r < count; ++r)
          for (int64_t o = 0; o < out; ++o) {
            double sum = b[at(o)];
            for (int64_t i = 0; i < in; ++i) sum += static_cast<double>(x[at(r * in + i)]) * w[at(o * in + i)];
            ASSERT_NEAR(y[at(r * kPanel + o)], exact(sum, Activation::kSilu), 2e-5);
          }
      }
}

TEST_P(Kernels, ConvolutionReadsItsTilesWhereTheyAre) {
  const int64_t k = 18;
  const int64_t tiles = 3;
  for (const int64_t out : {1, 5, 6, 7, 16}) {
    const auto x = numbers(400);
    std::vector<int64_t> offsets;
    for (int64_t i = 0; i < k; ++i) offsets.push_back(13 * i);
    std::vector<const float*> left;
    std::vector<const float*> right;
    for (int64_t t = 0; t < tiles; ++t) {
      left.push_back(x.data() + 20 * t + 1);
      right.push_back(x.data() + 20 * t + 11);
    }
    const auto w = numbers(out * k);
    const auto b = numbers(out);
    std::vector<float> y(at(out * tiles * kPanel), NAN);
    kernels().conv(left.data(), right.data(), tiles, offsets.data(), k, w.data(), b.data(), out, y.data(),
                   tiles * kPanel, Activation::kRelu);
    for (int64_t c = 0; c < out; ++c) {
      const int64_t block = c / viking::kRows * viking::kRows;
      const int64_t width = std::min(viking::kRows, out - block);
      for (int64_t t = 0; t < tiles; ++t)
        for (int64_t j = 0; j < kPanel; ++j) {
          const float* from = j < 8 ? left[at(t)] + j : right[at(t)] + j - 8;
          double sum = b[at(c)];
          for (int64_t i = 0; i < k; ++i)
            sum += static_cast<double>(w[at(block * k + i * width + c - block)]) * from[offsets[at(i)]];
          ASSERT_NEAR(y[at((c * tiles + t) * kPanel + j)], exact(sum, Activation::kRelu), 2e-5);
        }
    }
  }
}

TEST_P(Kernels, ActivationsAndSlopesAreThoseOfTheirDefinitions) {
  std::vector<float> points;
  for (float x = -30; x <= 30; x += 0.037f) points.push_back(x);
  for (const float x : {0.0f, -0.0f, 1e-30f, -1e-30f, 1e-4f, 90.0f, -90.0f, 200.0f, -200.0f}) points.push_back(x);
  const auto count = static_cast<int64_t>(points.size());
  points.resize(at(round_up(count, kPanel)));
  for (const Activation activation : kActivations) {
    auto values = points;
    kernels().activate(values.data(), count, activation);
    auto again = points;
    std::vector<float> slopes(points.size(), NAN);
    kernels().slope(again.data(), slopes.data(), count, activation);
    for (int64_t i = 0; i < count; ++i) {
      const double x = points[at(i)];
      const double wanted = exact(x, activation);
      ASSERT_NEAR(values[at(i)], wanted, 4e-7 * (1 + std::abs(wanted))) << static_cast<int>(activation) << " of " << x;
      ASSERT_NEAR(again[at(i)], wanted, 4e-7 * (1 + std::abs(wanted)));
      // ReLU has no derivative at its kink; libtorch takes 0.
      const double h = 1e-5;
      const double slope = activation == Activation::kRelu
                               ? (x > 0 ? 1.0 : 0.0)
                               : (exact(x + h, activation) - exact(x - h, activation)) / (2 * h);
      ASSERT_NEAR(slopes[at(i)], slope, 2e-6) << static_cast<int>(activation) << "' of " << x;
    }
  }
}

TEST_P(Kernels, CombineAddsAndMultiplies) {
  const int64_t count = 37;
  const auto a = numbers(48);
  const auto b = numbers(48);
  const auto c = numbers(48);
  for (const bool add : {false, true})
    for (const bool multiply : {false, true}) {
      auto got = a;
      kernels().combine(got.data(), add ? b.data() : nullptr, multiply ? c.data() : nullptr, count);
      for (size_t i = 0; i < at(count); ++i) ASSERT_FLOAT_EQ(got[i], (a[i] + (add ? b[i] : 0)) * (multiply ? c[i] : 1));
    }
}

TEST_P(Kernels, PoolsTakeTheLargestOrTheMean) {
  const int64_t rows = 9;
  for (const int64_t columns : {5, 11, 16, 25, 48})
    for (const int64_t kernel : {2, 3})
      for (const int64_t stride : {1, 2}) {
        const int64_t height = (rows - kernel) / stride + 1;
        const int64_t width = (columns - kernel) / stride + 1;
        const auto x = numbers(rows * columns);
        for (const bool mean : {false, true}) {
          std::vector<float> y(at(height * width), NAN);
          kernels().pool(x.data(), columns, kernel, stride, height, width, y.data(), mean);
          for (int64_t i = 0; i < height * width; ++i) {
            double wanted = mean ? 0 : -1e9;
            for (int64_t u = 0; u < kernel * kernel; ++u) {
              const double value = x[at((i / width * stride + u / kernel) * columns + i % width * stride + u % kernel)];
              wanted = mean ? wanted + value / static_cast<double>(kernel * kernel) : std::max(wanted, value);
            }
            ASSERT_NEAR(y[at(i)], wanted, 1e-6) << columns << ' ' << kernel << ' ' << stride;
          }
        }
      }
}

TEST_P(Kernels, ProbabilitiesAndEntropies) {
  for (const int64_t samples : {1, 16, 33})
    for (const float scale : {1.0f, 40.0f}) {
      const int64_t classes = 5;
      const int64_t padded = round_up(samples, kPanel);
      auto logits = numbers(classes * padded, scale);
      std::vector<float> scratch(logits.size());
      std::vector<float> mean(at(classes));
      for (const bool softmax : {true, false}) {
        const auto kernel = softmax ? kernels().softmax : kernels().sigmoid;
        const double got = kernel(logits.data(), classes, samples, padded, scratch.data(), mean.data());
        double entropy = 0;
        std::vector<double> wanted(at(classes));
        for (int64_t s = 0; s < samples; ++s) {
          double most = -1e30;
          double total = 0;
          for (int64_t c = 0; c < classes; ++c) most = std::max<double>(most, logits[at(c * padded + s)]);
          for (int64_t c = 0; c < classes; ++c) total += std::exp(logits[at(c * padded + s)] - most);
          for (int64_t c = 0; c < classes; ++c) {
            const double z = logits[at(c * padded + s)];
            const double p = softmax ? std::exp(z - most) / total : 1 / (1 + std::exp(-z));
            const double q = 1 / (1 + std::exp(z));
            wanted[at(c)] += p / static_cast<double>(samples);
            if (p > 0) entropy -= p * std::log(p);
            if (!softmax && q > 0) entropy -= q * std::log(q);
          }
        }
        ASSERT_NEAR(got, entropy / static_cast<double>(samples), 3e-6);
        for (int64_t c = 0; c < classes; ++c) ASSERT_NEAR(mean[at(c)], wanted[at(c)], 1e-6);
      }
    }
}

TEST_P(Kernels, NotANumberStaysOne) {
  for (const Activation activation : kActivations) {
    std::vector<float> values(16, std::numeric_limits<float>::quiet_NaN());
    kernels().activate(values.data(), 16, activation);
    for (const float value : values) EXPECT_TRUE(std::isnan(value)) << static_cast<int>(activation);
  }
  // Wherever it is in a window, it wins; windows beside it do not see it.
  for (const int64_t width : {1, 20})
    for (int64_t i = 0; i < 4; ++i) {
      std::vector<float> image(at(4 * width), 1.0f);
      image[at(i / 2 * 2 * width + i % 2)] = NAN;
      std::vector<float> largest(at(width));
      kernels().pool(image.data(), 2 * width, 2, 2, 1, width, largest.data(), false);
      EXPECT_TRUE(std::isnan(largest[0]));
      for (size_t x = 1; x < at(width); ++x) EXPECT_EQ(largest[x], 1.0f);
    }
}

INSTANTIATE_TEST_SUITE_P(Sets, Kernels, testing::ValuesIn(sets()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
