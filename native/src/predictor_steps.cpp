// Steps that are too small a part of a network to have kernels of their own, for one example.
#include <cmath>
#include <cstring>

#include "predictor_plan.h"

namespace viking {

namespace {

// The values of one group, which are those of channels [first, last).
struct Group {
  const Step& step;
  int64_t first, last;

  int64_t size() const { return (last - first) * step.in.height * step.in.width; }

  // Calls body(position in the input's layout, number of its weight).
  template <typename Body>
  void each(const Body& body) const {
    const int64_t area = step.in.height * step.in.width;
    const bool vector = step.in.channels == 1 && step.in.height == 1;
    for (int64_t c = first; c < last; ++c)
      for (int64_t j = 0; j < area; ++j) body(c * step.in.stride + j, vector ? j : c);
  }
};

template <typename Body>
void each_group(const Step& step, const Body& body) {
  const int64_t channels = step.in.channels / step.groups;
  for (int64_t g = 0; g < step.groups; ++g) body(Group{step, g * channels, (g + 1) * channels});
}

struct Moments {
  double mean, scale;
};

Moments moments(const Step& step, const Group& group, const float* from) {
  const auto size = static_cast<double>(group.size());
  double sum = 0;
  if (step.centred) group.each([&](int64_t at, int64_t) { sum += from[at]; });
  const double mean = sum / size;
  double squares = 0;
  group.each([&](int64_t at, int64_t) { squares += (from[at] - mean) * (from[at] - mean); });
  return {mean, 1 / std::sqrt(squares / size + step.epsilon)};
}

}  // namespace

void Step::flatten(const float* from, float* to) const {
  const int64_t area = in.height * in.width;
  for (int64_t c = 0; c < in.channels; ++c)
    std::memcpy(to + c * area, from + c * in.stride, sizeof(float) * static_cast<size_t>(area));
}

void Step::sum(const float* a, const float* b, float* to) const {
  const int64_t area = in.height * in.width;
  for (int64_t c = 0; c < in.channels; ++c) {
    const float* left = a == nullptr ? nullptr : a + c * in.stride;
    const float* right = b == nullptr ? nullptr : b + c * other_in.stride;
    float* result = to + c * out.stride;
    if (left != nullptr && right != nullptr) {
      for (int64_t j = 0; j < area; ++j) result[j] = left[j] + right[j];
    } else {
      std::memcpy(result, left != nullptr ? left : right, sizeof(float) * static_cast<size_t>(area));
    }
  }
}

void Step::channel_means(const float* from, float* to) const {
  const int64_t area = in.height * in.width;
  for (int64_t c = 0; c < in.channels; ++c) {
    double sum = 0;
    for (int64_t j = 0; j < area; ++j) sum += from[c * in.stride + j];
    to[c] = static_cast<float>(sum / static_cast<double>(area));
  }
}

void Step::norm(const float* from, const float* weight, const float* bias, float* to) const {
  each_group(*this, [&](const Group& group) {
    const Moments m = moments(*this, group, from);
    group.each([&](int64_t at, int64_t w) {
      to[at] = static_cast<float>((from[at] - m.mean) * m.scale) * weight[w] + bias[w];
    });
  });
}

void Step::norm_tangent(const float* from, const float* tangent, const float* weight, float* to) const {
  // n = (h - m) s has the tangent s (t - mean(t) - n mean(n t)), and without a mean s (t - n mean(n t)).
  each_group(*this, [&](const Group& group) {
    const Moments m = moments(*this, group, from);
    double sum = 0, along = 0;
    group.each([&](int64_t at, int64_t) {
      sum += tangent[at];
      along += (from[at] - m.mean) * m.scale * tangent[at];
    });
    const double mean = centred ? sum / static_cast<double>(group.size()) : 0;
    along /= static_cast<double>(group.size());
    group.each([&](int64_t at, int64_t w) {
      const double n = (from[at] - m.mean) * m.scale;
      to[at] = static_cast<float>(m.scale * (tangent[at] - mean - n * along)) * weight[w];
    });
  });
}

}  // namespace viking
