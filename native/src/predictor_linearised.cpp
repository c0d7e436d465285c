// Networks linearised in their parameters at the mean: one pass there, and the tangents of all samples.
//
// NOTE [Tangents]
// With h a step's input and t its tangent, a step with weights W and deviations dW has the tangent dW h + db + W t.
// h is the same for all samples, so the first part costs what a sampled prediction does; the second shares W among the
// samples, several of which go through it together. Activations multiply by their slope at the mean.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "predictor_plan.h"

namespace viking {

namespace {

// Largest values of one channel's windows, and where in the channel they are; the first of equal ones, and NaN before
// anything else, as in libtorch.
void pool_largest(const Step& step, const float* input, float* output, int64_t* choices) {
  for (int64_t y = 0; y < step.out.height; ++y)
    for (int64_t x = 0; x < step.out.width; ++x) {
      const int64_t start = y * step.stride * step.in.width + x * step.stride;
      int64_t best = start;
      for (int64_t i = 0; i < step.kernel; ++i)
        for (int64_t j = 0; j < step.kernel; ++j) {
          const int64_t at = start + i * step.in.width + j;
          if (input[at] > input[best] || std::isnan(input[at])) best = at;
        }
      output[y * step.out.width + x] = input[best];
      choices[y * step.out.width + x] = best;
    }
}

int64_t maxima(const Step& step) { return step.kind == StepKind::kPool && !step.mean ? step.out.used() : 0; }

// The largest number of floats of an example that a step's outputs use, gaps between channels included.
int64_t extent(const Layout& layout) { return layout.channels * layout.stride; }

}  // namespace

MeanPass Plan::mean_pass() const {
  MeanPass pass;
  for (const Step& step : steps_) {
    const int64_t floats = chunk_ * step.out.floats();
    pass.values.emplace_back(floats);
    pass.slopes.emplace_back(step.activation == Activation::kNone ? 0 : floats);
    pass.choices.emplace_back(static_cast<size_t>(chunk_ * maxima(step)));
  }
  return pass;
}

void Plan::run_mean(const float* inputs, int64_t count, MeanPass& pass, Scratch& scratch) const {
  const PredictorKernels& kernels = predictor_kernels();
  const auto output_of = [&](int64_t step) {
    return step < 0 ? inputs : pass.values[static_cast<size_t>(step)].data();
  };
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const float* in = output_of(step.input);
    const int64_t in_stride = stride_of(step.input);
    const int64_t out_stride = step.out.floats();
    float* out = pass.values[i].data();
    if (step.has_weights()) {
      apply(step, mean_.data() + step.weight, mean_.data() + step.bias, in, in_stride, count, scratch, out,
            Activation::kNone);
    } else {
      const float* other = output_of(step.other);
      const int64_t other_stride = stride_of(step.other);
      for (int64_t e = 0; e < count; ++e) {
        if (maxima(step) == 0) {
          move(step, in + e * in_stride, other + e * other_stride, out + e * out_stride);
          continue;
        }
        for (int64_t c = 0; c < step.in.channels; ++c)
          pool_largest(step, in + e * in_stride + c * step.in.stride, out + e * out_stride + c * step.out.stride,
                       pass.choices[i].data() + e * maxima(step) + c * step.out.height * step.out.width);
      }
    }
    if (step.activation != Activation::kNone)
      for (int64_t e = 0; e < count; ++e)
        kernels.slope(out + e * out_stride, pass.slopes[i].data() + e * out_stride, extent(step.out), step.activation);
  }
}

void Plan::run_tangents(int64_t first, int64_t last, const float* inputs, int64_t count, const MeanPass& pass,
                        Scratch& scratch, float* logits) const {
  const PredictorKernels& kernels = predictor_kernels();
  const int64_t together = std::max<int64_t>(1, chunk_ / count);
  const auto values_of = [&](int64_t step) {
    return step < 0 ? inputs : pass.values[static_cast<size_t>(step)].data();
  };
  // Null where the tangent is zero: before the first weights.
  const auto tangent_of = [&](int64_t step) -> const float* {
    return step < 0 || !steps_[step].moves ? nullptr : scratch.slots[static_cast<size_t>(steps_[step].slot)].data();
  };
  for (int64_t start = first; start < last; start += together) {
    const int64_t rows = std::min(together, last - start) * count;  // sample after sample, input after input
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      if (!step.moves) continue;
      const float* in = tangent_of(step.input);
      const int64_t in_stride = stride_of(step.input);
      float* out = scratch.slots[static_cast<size_t>(step.slot)].data();
      const int64_t out_stride = step.out.floats();
      if (step.has_weights()) {
        const float* values = values_of(step.input);
        for (int64_t r = 0; r < rows; r += count) {
          const float* weights = packed_.data() + (start + r / count) * sample_floats_;
          apply(step, weights + step.weight, weights + step.bias, values, in_stride, count, scratch,
                out + r * out_stride, Activation::kNone);
        }
        if (in != nullptr && step.kind == StepKind::kNorm) {
          for (int64_t r = 0; r < rows; ++r)
            step.norm_tangent(values + r % count * in_stride, in + r * in_stride, mean_.data() + step.weight,
                              scratch.product.data() + r * out_stride);
        } else if (in != nullptr) {
          apply(step, mean_.data() + step.weight, zeros_.data(), in, in_stride, rows, scratch, scratch.product.data(),
                Activation::kNone);
        }
      } else {
        const float* other = tangent_of(step.other);
        const int64_t other_stride = stride_of(step.other);
        for (int64_t r = 0; r < rows; ++r) {
          const float* from = in == nullptr ? nullptr : in + r * in_stride;
          float* to = out + r * out_stride;
          if (maxima(step) == 0) {
            move(step, from, other == nullptr ? nullptr : other + r * other_stride, to);
            continue;
          }
          const int64_t area = step.out.height * step.out.width;
          const int64_t* choices = pass.choices[i].data() + r % count * maxima(step);
          for (int64_t c = 0; c < step.in.channels; ++c)
            for (int64_t j = 0; j < area; ++j)
              to[c * step.out.stride + j] = from[c * step.in.stride + choices[c * area + j]];
        }
      }
      const bool sloped = step.activation != Activation::kNone;
      const bool added = step.has_weights() && in != nullptr;
      if (sloped || added)
        for (int64_t r = 0; r < rows; ++r)
          kernels.combine(out + r * out_stride, added ? scratch.product.data() + r * out_stride : nullptr,
                          sloped ? pass.slopes[i].data() + r % count * out_stride : nullptr, extent(step.out));
    }
    const Step& end = steps_.back();
    const float* outputs = scratch.slots[static_cast<size_t>(end.slot)].data();
    for (int64_t r = 0; r < rows; r += count)
      write(outputs + r * end.out.floats(), end.out.floats(), count, start + r / count, logits);
  }
}

}  // namespace viking
