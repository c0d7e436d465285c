// The inner loops of compiled predictors, one set for each instruction set, chosen when the process starts.
//
// NOTE [Predictor kernels]
// predictor_kernels_impl.h is compiled once for each instruction set, with GCC's vector types, by the three small files
// predictor_kernels_*.cpp. Those include no header with inline functions of external linkage: the linker would keep one
// copy of such a function, perhaps the one for the newest CPU, and call it on every CPU.
#pragma once

#include <cstdint>

namespace viking {

// Outputs come in panels of 16, rows of a weight's panel one cache line each; examples in blocks of at most 6.
constexpr int64_t kPanel = 16;
constexpr int64_t kRows = 6;

// A multiple of `step` that is at least `n`.
constexpr int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

enum class Activation : int32_t { kNone, kTanh, kRelu, kGeluTanh, kSilu };

// outputs[b, o] = act(sum_i inputs[b, i] weights[o / 16][i][o % 16] + bias[o]) for b < count; rows of outputs lie
// output_stride (a multiple of 16, all of it written) apart.
using LinearKernel = void (*)(const float* inputs, int64_t input_stride, int64_t count, const float* weights,
                              const float* bias, int64_t in, int64_t out, float* outputs, int64_t output_stride,
                              Activation activation);

// The same with row-major weights [out][in_padded] for a few outputs; inputs are padded with zeros to in_padded, a
// multiple of 16.
using DotKernel = void (*)(const float* inputs, int64_t input_stride, int64_t count, const float* weights,
                           const float* bias, int64_t in_padded, int64_t out, float* outputs, int64_t output_stride,
                           Activation activation);

// A convolution as a matrix product over tiles of 16 positions: outputs[c][16 t + j] = bias[c] + sum_k w[c][k] *
// left[t][offsets[k] + j] for j < 8, right[t] for the others. Weights are packed [out / 6][k][6], the last block as
// narrow as what is left; outputs' rows lie output_stride >= 16 tiles apart.
using ConvKernel = void (*)(const float* const* left, const float* const* right, int64_t tiles, const int64_t* offsets,
                            int64_t k, const float* weights, const float* bias, int64_t out, float* outputs,
                            int64_t output_stride, Activation activation);

// values[0, count) = act(values); memory up to the next multiple of 16 is written too.
using ActivationKernel = void (*)(float* values, int64_t count, Activation activation);

// The same, with act'(values) written to slopes.
using SlopeKernel = void (*)(float* values, float* slopes, int64_t count, Activation activation);

// values[0, count) = (values + more) * slopes; either may be null: nothing is added, nothing multiplied. Memory up to
// the next multiple of 16 is read and written too.
using CombineKernel = void (*)(float* values, const float* more, const float* slopes, int64_t count);

// Largest value (or mean) of the windows of one channel, rows row_stride apart in the input, packed in the output.
using PoolKernel = void (*)(const float* input, int64_t row_stride, int64_t kernel, int64_t stride, int64_t height,
                            int64_t width, float* output, bool mean);

// Probabilities and entropies of one example over all samples: logits[c][padded], samples of them used, padded a
// multiple of 16. mean_probabilities has room for `classes`; scratch for classes * padded. Returns the mean entropy of
// the samples.
using SoftmaxKernel = float (*)(const float* logits, int64_t classes, int64_t samples, int64_t padded, float* scratch,
                                float* mean_probabilities);
using SigmoidKernel = SoftmaxKernel;

struct PredictorKernels {
  const char* name;
  LinearKernel linear;
  DotKernel dot;
  ConvKernel conv;
  ActivationKernel activate;
  SlopeKernel slope;
  CombineKernel combine;
  PoolKernel pool;
  SoftmaxKernel softmax;
  SigmoidKernel sigmoid;
};

extern const PredictorKernels kPortableKernels;
#if defined(__x86_64__)
extern const PredictorKernels kAvx2Kernels;
extern const PredictorKernels kAvx512Kernels;
#endif

// The best set for this CPU; VIKING_PREDICTOR_KERNELS=portable, avx2 or avx512 in the environment asks for another.
const PredictorKernels& predictor_kernels();

}  // namespace viking
