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

void Step::flatten(const float* from, float* to) const {
  const int64_t area = in.height * in.width;
  for (int64_t c = 0; c < in.channels; ++c)
    std::memcpy(to + c * area, from + c * in.stride, sizeof(float) * static_cast<size_t>(area));
}

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
  const float* in = inputs;
  int64_t in_stride = input_.used();
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const int64_t out_stride = step.out.floats();
    float* out = pass.values[i].data();
    if (step.has_weights()) {
      apply(step, mean_.data() + step.weight, mean_.data() + step.bias, in, in_stride, count, scratch, out,
            Activation::kNone);
    } else {
      for (int64_t e = 0; e < count; ++e) {
        const float* from = in + e * in_stride;
        float* to = out + e * out_stride;
        if (step.kind == StepKind::kCopy) {
          step.flatten(from, to);
        } else if (step.kind == StepKind::kActivation) {
          const int64_t floats = step.in.channels == 1 ? step.in.used() : extent(step.in);
          std::memcpy(to, from, sizeof(float) * static_cast<size_t>(floats));
        } else {
          for (int64_t c = 0; c < step.in.channels; ++c) {
            const float* channel = from + c * step.in.stride;
            float* pooled = to + c * step.out.stride;
            if (step.mean) {
              kernels.pool(channel, step.in.width, step.kernel, step.stride, step.out.height, step.out.width, pooled,
                           true);
            } else {
              pool_largest(step, channel, pooled,
                           pass.choices[i].data() + e * maxima(step) + c * step.out.height * step.out.width);
            }
          }
        }
      }
    }
    if (step.activation != Activation::kNone)
      for (int64_t e = 0; e < count; ++e)
        kernels.slope(out + e * out_stride, pass.slopes[i].data() + e * out_stride, extent(step.out), step.activation);
    in = out;
    in_stride = out_stride;
  }
}

void Plan::run_tangents(int64_t first, int64_t last, const float* inputs, int64_t count, const MeanPass& pass,
                        Scratch& scratch, float* logits) const {
  const PredictorKernels& kernels = predictor_kernels();
  const int64_t together = std::max<int64_t>(1, chunk_ / count);
  for (int64_t start = first; start < last; start += together) {
    const int64_t rows = std::min(together, last - start) * count;  // sample after sample, input after input
    float* in = scratch.first.data();
    float* out = scratch.second.data();
    bool moved = false;  // before the first weights all tangents are zero
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      if (!moved && !step.has_weights()) continue;
      const int64_t in_stride = i == 0 ? 0 : steps_[i - 1].out.floats();
      const int64_t out_stride = step.out.floats();
      if (step.has_weights()) {
        const float* values = i == 0 ? inputs : pass.values[i - 1].data();
        const int64_t values_stride = i == 0 ? input_.used() : steps_[i - 1].out.floats();
        for (int64_t r = 0; r < rows; r += count) {
          const float* weights = packed_.data() + (start + r / count) * sample_floats_;
          apply(step, weights + step.weight, weights + step.bias, values, values_stride, count, scratch,
                out + r * out_stride, Activation::kNone);
        }
        if (moved)
          apply(step, mean_.data() + step.weight, zeros_.data(), in, in_stride, rows, scratch, scratch.third.data(),
                Activation::kNone);
      } else {
        for (int64_t r = 0; r < rows; ++r) {
          const float* from = in + r * in_stride;
          float* to = out + r * out_stride;
          if (step.kind == StepKind::kCopy) {
            step.flatten(from, to);
          } else if (step.kind == StepKind::kActivation) {
            std::memcpy(to, from, sizeof(float) * static_cast<size_t>(extent(step.in)));
          } else if (step.mean) {
            for (int64_t c = 0; c < step.in.channels; ++c)
              kernels.pool(from + c * step.in.stride, step.in.width, step.kernel, step.stride, step.out.height,
                           step.out.width, to + c * step.out.stride, true);
          } else {
            const int64_t area = step.out.height * step.out.width;
            const int64_t* choices = pass.choices[i].data() + r % count * maxima(step);
            for (int64_t c = 0; c < step.in.channels; ++c)
              for (int64_t j = 0; j < area; ++j)
                to[c * step.out.stride + j] = from[c * step.in.stride + choices[c * area + j]];
          }
        }
      }
      const bool sloped = step.activation != Activation::kNone;
      if (sloped || (moved && step.has_weights()))
        for (int64_t r = 0; r < rows; ++r)
          kernels.combine(out + r * out_stride,
                          moved && step.has_weights() ? scratch.third.data() + r * out_stride : nullptr,
                          sloped ? pass.slopes[i].data() + r % count * out_stride : nullptr, extent(step.out));
      moved = true;
      std::swap(in, out);
    }
    for (int64_t r = 0; r < rows; r += count)
      write(in + r * steps_.back().out.floats(), steps_.back().out.floats(), count, start + r / count, logits);
  }
}

}  // namespace viking
