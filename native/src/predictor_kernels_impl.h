// See NOTE [Predictor kernels]. Included with VK_WIDTH (floats in a vector) and VK_KERNELS (name of the set) defined.
#include "predictor_kernels.h"

namespace viking {
namespace {

typedef float Vec __attribute__((vector_size(4 * VK_WIDTH)));
typedef float Loose __attribute__((vector_size(4 * VK_WIDTH), aligned(4), may_alias));
typedef int32_t Ints __attribute__((vector_size(4 * VK_WIDTH)));
typedef float Half __attribute__((vector_size(32), aligned(4), may_alias));

constexpr int64_t W = VK_WIDTH;
constexpr int64_t V = kPanel / W;  // vectors in a panel

#define VK_INLINE inline __attribute__((always_inline))

VK_INLINE Vec load(const float* p) { return *reinterpret_cast<const Loose*>(p); }
VK_INLINE void store(float* p, Vec v) { *reinterpret_cast<Loose*>(p) = v; }
VK_INLINE Vec splat(float x) { return x - Vec{}; }
VK_INLINE Vec maximum(Vec a, Vec b) { return a > b ? a : b; }
VK_INLINE Vec minimum(Vec a, Vec b) { return a < b ? a : b; }

// r = x - n ln 2 with |r| <= ln 2 / 2, for |x| <= 88; the sum of a rounding constant and a small number is that
// number's nearest integer in the low bits.
VK_INLINE Vec reduce(Vec x, Ints* n) {
  const Vec magic = splat(12582912.0f);
  const Vec shifted = x * splat(1.44269504f) + magic;
  *n = reinterpret_cast<Ints>(shifted) - reinterpret_cast<Ints>(magic);
  const Vec rounded = shifted - magic;
  return (x - rounded * splat(0.693359375f)) + rounded * splat(2.12194440e-4f);
}

VK_INLINE Vec power_of_two(Ints n) { return reinterpret_cast<Vec>((n + 127) << 23); }

// (e^r - 1) by the Taylor polynomial of degree 7: relative error below 1e-7 for |r| <= ln 2 / 2.
VK_INLINE Vec small_expm1(Vec r) {
  Vec p = splat(1.0f / 5040);
  p = p * r + splat(1.0f / 720);
  p = p * r + splat(1.0f / 120);
  p = p * r + splat(1.0f / 24);
  p = p * r + splat(1.0f / 6);
  p = p * r + splat(0.5f);
  return p * r * r + r;
}

// e^x for x <= 88; below -87 the smallest normal number instead of less. NaN stays NaN.
VK_INLINE Vec exponential(Vec x) {
  Ints n;
  const Vec clamped = minimum(maximum(x, splat(-87.0f)), splat(88.0f));
  const Vec r = reduce(clamped, &n);
  const Vec scale = power_of_two(n);
  const Vec value = small_expm1(r) * scale + scale;
  return x == x ? value : x;
}

// tanh x = (e^2x - 1) / (e^2x + 1); absolute error below 3e-7, relative error too where |x| is small.
VK_INLINE Vec hyperbolic_tangent(Vec x) {
  Ints n;
  const Vec twice = minimum(maximum(x + x, splat(-20.0f)), splat(20.0f));
  const Vec r = reduce(twice, &n);
  const Vec scale = power_of_two(n);
  const Vec e = small_expm1(r) * scale + (scale - splat(1.0f));
  const Vec value = e / (e + splat(2.0f));
  return x == x ? value : x;
}

VK_INLINE Vec gelu(Vec x) {
  const Vec inner = splat(0.797884561f) * (x + splat(0.044715f) * x * x * x);
  return splat(0.5f) * x * (splat(1.0f) + hyperbolic_tangent(inner));
}

VK_INLINE Vec silu(Vec x) { return x / (splat(1.0f) + exponential(-x)); }

VK_INLINE Vec apply(Vec x, Activation activation) {
  switch (activation) {
    case Activation::kTanh:
      return hyperbolic_tangent(x);
    case Activation::kRelu:
      return x < splat(0.0f) ? splat(0.0f) : x;  // keeps NaN
    case Activation::kGeluTanh:
      return gelu(x);
    case Activation::kSilu:
      return silu(x);
    case Activation::kNone:
      break;
  }
  return x;
}

VK_INLINE float sum_of(Vec v) {
  float sum = 0;
  for (int64_t i = 0; i < W; ++i) sum += v[i];
  return sum;
}

// ROWS examples times one panel.
template <int ROWS>
void linear_block(const float* inputs, int64_t input_stride, const float* weights, const float* bias, int64_t in,
                  float* outputs, int64_t output_stride, Activation activation) {
  Vec sums[ROWS][V];
  for (int64_t v = 0; v < V; ++v) {
    const Vec b = load(bias + v * W);
    for (int r = 0; r < ROWS; ++r) sums[r][v] = b;
  }
  for (int64_t i = 0; i < in; ++i) {
    Vec w[V];
    for (int64_t v = 0; v < V; ++v) w[v] = load(weights + i * kPanel + v * W);
    for (int r = 0; r < ROWS; ++r) {
      const Vec x = splat(inputs[r * input_stride + i]);
      for (int64_t v = 0; v < V; ++v) sums[r][v] += x * w[v];
    }
  }
  for (int r = 0; r < ROWS; ++r)
    for (int64_t v = 0; v < V; ++v) store(outputs + r * output_stride + v * W, apply(sums[r][v], activation));
}

// One example times PANELS panels, STEPS inputs at a time, so that enough sums are under way to hide the latency.
template <int PANELS, int STEPS>
void linear_single(const float* input, const float* weights, const float* bias, int64_t in, float* outputs,
                   Activation activation) {
  const int64_t panel_size = in * kPanel;
  Vec sums[STEPS][PANELS][V];
  for (int s = 0; s < STEPS; ++s)
    for (int p = 0; p < PANELS; ++p)
      for (int64_t v = 0; v < V; ++v) sums[s][p][v] = s == 0 ? load(bias + p * kPanel + v * W) : Vec{};
  int64_t i = 0;
  for (; i + STEPS <= in; i += STEPS)
    for (int s = 0; s < STEPS; ++s) {
      const Vec x = splat(input[i + s]);
      for (int p = 0; p < PANELS; ++p)
        for (int64_t v = 0; v < V; ++v) sums[s][p][v] += x * load(weights + p * panel_size + (i + s) * kPanel + v * W);
    }
  for (; i < in; ++i) {
    const Vec x = splat(input[i]);
    for (int p = 0; p < PANELS; ++p)
      for (int64_t v = 0; v < V; ++v) sums[0][p][v] += x * load(weights + p * panel_size + i * kPanel + v * W);
  }
  for (int p = 0; p < PANELS; ++p)
    for (int64_t v = 0; v < V; ++v) {
      Vec sum = sums[0][p][v];
      for (int s = 1; s < STEPS; ++s) sum += sums[s][p][v];
      store(outputs + p * kPanel + v * W, apply(sum, activation));
    }
}

void linear(const float* inputs, int64_t input_stride, int64_t count, const float* weights, const float* bias,
            int64_t in, int64_t out, float* outputs, int64_t output_stride, Activation activation) {
  const int64_t panels = round_up(out, kPanel) / kPanel;
  const int64_t panel_size = in * kPanel;
  if (count == 1) {
    int64_t p = 0;
    for (; p + 4 <= panels; p += 4)
      linear_single<4, 1>(inputs, weights + p * panel_size, bias + p * kPanel, in, outputs + p * kPanel, activation);
    for (; p + 2 <= panels; p += 2)
      linear_single<2, 2>(inputs, weights + p * panel_size, bias + p * kPanel, in, outputs + p * kPanel, activation);
    for (; p < panels; ++p)
      linear_single<1, 4>(inputs, weights + p * panel_size, bias + p * kPanel, in, outputs + p * kPanel, activation);
    return;
  }
  for (int64_t p = 0; p < panels; ++p) {
    const float* w = weights + p * panel_size;
    const float* b = bias + p * kPanel;
    for (int64_t r = 0; r < count;) {
      const float* x = inputs + r * input_stride;
      float* y = outputs + r * output_stride + p * kPanel;
      switch (count - r) {
        case 1:
          linear_block<1>(x, input_stride, w, b, in, y, output_stride, activation);
          break;
        case 2:
          linear_block<2>(x, input_stride, w, b, in, y, output_stride, activation);
          break;
        case 3:
          linear_block<3>(x, input_stride, w, b, in, y, output_stride, activation);
          break;
        case 4:
          linear_block<4>(x, input_stride, w, b, in, y, output_stride, activation);
          break;
        case 5:
          linear_block<5>(x, input_stride, w, b, in, y, output_stride, activation);
          break;
        default:
          linear_block<6>(x, input_stride, w, b, in, y, output_stride, activation);
      }
      r += count - r < kRows ? count - r : kRows;
    }
  }
}

void dot(const float* inputs, int64_t input_stride, int64_t count, const float* weights, const float* bias,
         int64_t in_padded, int64_t out, float* outputs, int64_t output_stride, Activation activation) {
  for (int64_t r = 0; r < count; ++r) {
    const float* x = inputs + r * input_stride;
    float* y = outputs + r * output_stride;
    for (int64_t o = 0; o < out; ++o) {
      const float* w = weights + o * in_padded;
      Vec sums[4] = {};
      int64_t i = 0;
      for (; i + 4 * W <= in_padded; i += 4 * W)
        for (int j = 0; j < 4; ++j) sums[j] += load(x + i + j * W) * load(w + i + j * W);
      for (; i < in_padded; i += W) sums[0] += load(x + i) * load(w + i);
      y[o] = bias[o] + sum_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
    for (int64_t o = out; o < round_up(out, kPanel); ++o) y[o] = 0;
    for (int64_t o = 0; o < out; o += W) store(y + o, apply(load(y + o), activation));
  }
}

// ROWS channels times one tile.
template <int ROWS>
void conv_block(const float* left, const float* right, const int64_t* offsets, int64_t k, const float* weights,
                const float* bias, float* outputs, int64_t output_stride, Activation activation) {
  Vec sums[ROWS][V];
  for (int r = 0; r < ROWS; ++r)
    for (int64_t v = 0; v < V; ++v) sums[r][v] = splat(bias[r]);
  for (int64_t i = 0; i < k; ++i) {
    Vec x[V];
    const float* l = left + offsets[i];
    const float* h = right + offsets[i];
    if constexpr (V == 1) {
      union {
        Vec whole;
        Half halves[2];
      } both;
      both.halves[0] = *reinterpret_cast<const Half*>(l);
      both.halves[1] = *reinterpret_cast<const Half*>(h);
      x[0] = both.whole;
    } else {
      for (int64_t v = 0; v < V; ++v) x[v] = v < V / 2 ? load(l + v * W) : load(h + (v - V / 2) * W);
    }
    for (int r = 0; r < ROWS; ++r) {
      const Vec w = splat(weights[i * ROWS + r]);
      for (int64_t v = 0; v < V; ++v) sums[r][v] += w * x[v];
    }
  }
  for (int r = 0; r < ROWS; ++r)
    for (int64_t v = 0; v < V; ++v) store(outputs + r * output_stride + v * W, apply(sums[r][v], activation));
}

void conv(const float* const* left, const float* const* right, int64_t tiles, const int64_t* offsets, int64_t k,
          const float* weights, const float* bias, int64_t out, float* outputs, int64_t output_stride,
          Activation activation) {
  for (int64_t c = 0; c < out;) {
    const int64_t rows = out - c < kRows ? out - c : kRows;
    const float* w = weights + c * k;
    for (int64_t t = 0; t < tiles; ++t) {
      float* y = outputs + c * output_stride + t * kPanel;
      switch (rows) {
        case 1:
          conv_block<1>(left[t], right[t], offsets, k, w, bias + c, y, output_stride, activation);
          break;
        case 2:
          conv_block<2>(left[t], right[t], offsets, k, w, bias + c, y, output_stride, activation);
          break;
        case 3:
          conv_block<3>(left[t], right[t], offsets, k, w, bias + c, y, output_stride, activation);
          break;
        case 4:
          conv_block<4>(left[t], right[t], offsets, k, w, bias + c, y, output_stride, activation);
          break;
        case 5:
          conv_block<5>(left[t], right[t], offsets, k, w, bias + c, y, output_stride, activation);
          break;
        default:
          conv_block<6>(left[t], right[t], offsets, k, w, bias + c, y, output_stride, activation);
      }
    }
    c += rows;
  }
}

void activate(float* values, int64_t count, Activation activation) {
  for (int64_t i = 0; i < count; i += W) store(values + i, apply(load(values + i), activation));
}

// value becomes act(value); returns act'(value).
VK_INLINE Vec with_slope(Vec* value, Activation activation) {
  const Vec one = splat(1.0f);
  const Vec x = *value;
  switch (activation) {
    case Activation::kTanh: {
      const Vec t = hyperbolic_tangent(x);
      *value = t;
      return one - t * t;
    }
    case Activation::kRelu:
      *value = x < splat(0.0f) ? splat(0.0f) : x;
      return x > splat(0.0f) ? one : Vec{};
    case Activation::kGeluTanh: {
      const Vec cube = splat(0.044715f) * x * x;
      const Vec t = hyperbolic_tangent(splat(0.797884561f) * x * (one + cube));
      const Vec inner = splat(0.797884561f) * (one + splat(3.0f) * cube);
      *value = splat(0.5f) * x * (one + t);
      return splat(0.5f) * (one + t + x * (one - t * t) * inner);
    }
    case Activation::kSilu: {
      const Vec s = one / (one + exponential(-x));
      *value = x * s;
      return s * (one + x * (one - s));
    }
    case Activation::kNone:
      break;
  }
  return one;
}

void slope(float* values, float* slopes, int64_t count, Activation activation) {
  for (int64_t i = 0; i < count; i += W) {
    Vec value = load(values + i);
    store(slopes + i, with_slope(&value, activation));
    store(values + i, value);
  }
}

void combine(float* values, const float* more, const float* slopes, int64_t count) {
  for (int64_t i = 0; i < count; i += W) {
    Vec value = load(values + i);
    if (more != nullptr) value += load(more + i);
    if (slopes != nullptr) value *= load(slopes + i);
    store(values + i, value);
  }
}

VK_INLINE float larger(float a, float b) { return a > b || a != a ? a : b; }  // NaN wins, as in libtorch
VK_INLINE Vec larger(Vec a, Vec b) { return (a > b) | (a != a) ? a : b; }

// The largest of each two numbers beside each other, of 2 W.
VK_INLINE Vec larger_of_pairs(Vec low, Vec high) {
  Ints even, odd;
  for (int i = 0; i < W; ++i) {
    even[i] = 2 * i;
    odd[i] = 2 * i + 1;
  }
  return larger(__builtin_shuffle(low, high, even), __builtin_shuffle(low, high, odd));
}

void pool(const float* input, int64_t row_stride, int64_t kernel, int64_t stride, int64_t height, int64_t width,
          float* output, bool mean) {
  const float scale = 1.0f / static_cast<float>(kernel * kernel);
  if (kernel == 2 && stride == 2 && !mean) {
    for (int64_t y = 0; y < height; ++y) {
      const float* a = input + 2 * y * row_stride;
      const float* b = a + row_stride;
      float* out = output + y * width;
      // The last whole vector may overlap the one before it.
      int64_t x = 0;
      for (; width >= W && x < width; x += W) {
        const int64_t at = x + W <= width ? x : width - W;
        const Vec low = larger(load(a + 2 * at), load(b + 2 * at));
        const Vec high = larger(load(a + 2 * at + W), load(b + 2 * at + W));
        store(out + at, larger_of_pairs(low, high));
      }
      for (; x < width; ++x) out[x] = larger(larger(a[2 * x], a[2 * x + 1]), larger(b[2 * x], b[2 * x + 1]));
    }
    return;
  }
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      const float* window = input + y * stride * row_stride + x * stride;
      float value = mean ? 0 : window[0];
      for (int64_t i = 0; i < kernel; ++i)
        for (int64_t j = 0; j < kernel; ++j) {
          const float other = window[i * row_stride + j];
          value = mean ? value + other : larger(other, value);
        }
      output[y * width + x] = mean ? value * scale : value;
    }
}

// ln x for normal x > 0: the exponent, and the series of artanh for the mantissa in [sqrt 1/2, sqrt 2).
VK_INLINE Vec logarithm(Vec x) {
  const Ints bits = reinterpret_cast<Ints>(x);
  const Ints exponent = (bits - 0x3f3504f3) >> 23;
  const Vec mantissa = reinterpret_cast<Vec>(bits - (exponent << 23));
  const Vec z = (mantissa - splat(1.0f)) / (mantissa + splat(1.0f));
  const Vec q = z * z;
  Vec p = splat(2.0f / 9);
  p = p * q + splat(2.0f / 7);
  p = p * q + splat(2.0f / 5);
  p = p * q + splat(2.0f / 3);
  p = p * q + splat(2.0f);
  return __builtin_convertvector(exponent, Vec) * splat(0.693147181f) + p * z;
}

VK_INLINE float sum_first(const float* values, int64_t count) {
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += values[i];
  return sum;
}

float softmax(const float* logits, int64_t classes, int64_t samples, int64_t padded, float* scratch,
              float* mean_probabilities) {
  float entropy = 0;
  for (int64_t s = 0; s < padded; s += W) {
    Vec most = load(logits + s);
    for (int64_t c = 1; c < classes; ++c) most = maximum(load(logits + c * padded + s), most);
    Vec total = Vec{};
    Vec weighted = Vec{};
    for (int64_t c = 0; c < classes; ++c) {
      const Vec z = load(logits + c * padded + s) - most;
      const Vec e = exponential(z);
      store(scratch + c * padded + s, e);
      total += e;
      weighted += e * maximum(z, splat(-87.0f));
    }
    const Vec inverse = splat(1.0f) / total;
    for (int64_t c = 0; c < classes; ++c) store(scratch + c * padded + s, load(scratch + c * padded + s) * inverse);
    const Vec entropies = logarithm(total) - weighted * inverse;
    for (int64_t i = 0; i < W && s + i < samples; ++i) entropy += entropies[i];
  }
  for (int64_t c = 0; c < classes; ++c)
    mean_probabilities[c] = sum_first(scratch + c * padded, samples) / static_cast<float>(samples);
  return entropy / static_cast<float>(samples);
}

float sigmoid(const float* logits, int64_t classes, int64_t samples, int64_t padded, float* scratch,
              float* mean_probabilities) {
  float entropy = 0;
  for (int64_t c = 0; c < classes; ++c) {
    for (int64_t s = 0; s < padded; s += W) {
      const Vec z = load(logits + c * padded + s);
      const Vec magnitude = z < splat(0.0f) ? -z : z;
      // With e = exp(-|z|): the larger probability is 1 / (1 + e), and H = ln(1 + e) + |z| e / (1 + e).
      const Vec e = exponential(-magnitude);
      const Vec larger_one = splat(1.0f) / (splat(1.0f) + e);
      const Vec smaller_one = e * larger_one;
      store(scratch + s, z < splat(0.0f) ? smaller_one : larger_one);
      const Vec entropies = logarithm(splat(1.0f) + e) + minimum(magnitude, splat(87.0f)) * smaller_one;
      for (int64_t i = 0; i < W && s + i < samples; ++i) entropy += entropies[i];
    }
    mean_probabilities[c] = sum_first(scratch, samples) / static_cast<float>(samples);
  }
  return entropy / static_cast<float>(samples);
}

}  // namespace

const PredictorKernels VK_KERNELS = {VK_NAME, linear, dot, conv, activate, slope, combine, pool, softmax, sigmoid};

}  // namespace viking
