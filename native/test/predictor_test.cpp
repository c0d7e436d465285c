// Compiled predictors against libtorch in double precision, with the kernels that VIKING_PREDICTOR_KERNELS asks for.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <thread>

#include "c_api.h"

namespace {

using capi::Tensor;
using capi::Tensors;

constexpr int64_t kSamples = 21;
constexpr int64_t kClasses = 3;

std::vector<float> normal(int64_t count, float scale, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> numbers(0, scale);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = numbers(random);
  return values;
}

std::vector<double> wide(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// A network for the predictor, and the same in libtorch's operators.
struct Network {
  std::vector<vk_layer> layers;
  std::vector<int64_t> input;
  int64_t dimension;
  std::function<Tensor(const Tensor& parameters, const Tensor& inputs)> reference;
  int64_t epsilon = -1;  // where that of the norms is among the parameters

  int64_t features() const {
    int64_t count = 1;
    for (int64_t size : input) count *= size;
    return count;
  }
};

Tensor part(const Tensor& flat, int64_t from, const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  const Tensor piece = capi::call(
      "aten::slice", "Tensor",
      {capi::tensor(flat), capi::integer(0), capi::integer(from), capi::integer(from + count), capi::integer(1)});
  return capi::call("aten::view", "", {capi::tensor(piece), capi::integers(shape)});
}

Tensor linear(const Tensor& x, const Tensor& flat, int64_t from, int64_t out, int64_t in) {
  return capi::call(
      "aten::linear", "",
      {capi::tensor(x), capi::tensor(part(flat, from, {out, in})), capi::tensor(part(flat, from + out * in, {out}))});
}

vk_layer dense(int64_t out, int64_t in, int64_t from) {
  return {VK_LAYER_LINEAR, 0, out, 0, 0, 0, from, from + out * in};
}

vk_layer plain(int32_t kind, int64_t kernel = 0, int64_t stride = 0) { return {kind, 0, 0, kernel, stride, 0, 0, 0}; }

Network mlp() {
  return {{dense(20, 7, 0), plain(VK_LAYER_TANH), dense(33, 20, 160), plain(VK_LAYER_SILU), dense(kClasses, 33, 853)},
          {7},
          955,
          [](const Tensor& p, const Tensor& x) {
            const Tensor a = capi::tanh(linear(x, p, 0, 20, 7));
            const Tensor b = capi::call("aten::silu", "", {capi::tensor(linear(a, p, 160, 33, 20))});
            return linear(b, p, 853, kClasses, 33);
          }};
}

// A convolution of part of the parameters, with its bias after the weights.
Tensor conv(const Tensor& x, const Tensor& p, int64_t from, int64_t out, int64_t in, int64_t k, int64_t stride,
            int64_t padding) {
  const std::vector<int64_t> strides{stride, stride};
  const std::vector<int64_t> paddings{padding, padding};
  const std::vector<int64_t> ones{1, 1};
  return capi::call("aten::conv2d", "",
                    {capi::tensor(x), capi::tensor(part(p, from, {out, in, k, k})),
                     capi::tensor(part(p, from + out * in * k * k, {out})), capi::integers(strides),
                     capi::integers(paddings), capi::integers(ones), capi::integer(1)});
}

// A padded convolution with stride, a direct one, both poolings, a flattening of padded rows.
Network convolutions() {
  return {{{VK_LAYER_CONV2D, 0, 7, 3, 1, 0, 0, 126},
           plain(VK_LAYER_MAX_POOL2D, 2, 1),
           plain(VK_LAYER_TANH),
           {VK_LAYER_CONV2D, 0, 4, 2, 2, 1, 133, 245},
           plain(VK_LAYER_GELU_TANH),
           plain(VK_LAYER_AVG_POOL2D, 2, 1),
           plain(VK_LAYER_FLATTEN),
           plain(VK_LAYER_RELU),
           dense(kClasses, 24, 249)},
          {2, 8, 10},
          324,
          [](const Tensor& p, const Tensor& x) {
            const std::vector<int64_t> two{2, 2};
            const std::vector<int64_t> one{1, 1};
            const std::vector<int64_t> zero{0, 0};
            const Tensor a = conv(x, p, 0, 7, 2, 3, 1, 0);
            const Tensor b = capi::tanh(capi::call("aten::max_pool2d", "",
                                                   {capi::tensor(a), capi::integers(two), capi::integers(one),
                                                    capi::integers(zero), capi::integers(one), capi::boolean(false)}));
            const char form[] = "tanh";
            vk_value approximate{VK_STRING, 0, sizeof form - 1, {}};
            approximate.as.p = form;
            const Tensor c = capi::call("aten::gelu", "", {capi::tensor(conv(b, p, 133, 4, 7, 2, 2, 1)), approximate});
            const Tensor d =
                capi::call("aten::avg_pool2d", "",
                           {capi::tensor(c), capi::integers(two), capi::integers(one), capi::integers(zero),
                            capi::boolean(false), capi::boolean(true), capi::none()});
            const Tensor e =
                capi::call("aten::flatten", "using_ints", {capi::tensor(d), capi::integer(1), capi::integer(-1)});
            return linear(capi::call("aten::relu", "", {capi::tensor(e)}), p, 249, kClasses, 24);
          }};
}

constexpr double kEpsilon = 0.01;

// Random parameters of some samples, or a mean.
std::vector<float> parameters_of(const Network& net, int64_t rows, float scale, unsigned seed) {
  auto values = normal(rows * net.dimension, scale, seed);
  if (net.epsilon >= 0) values[static_cast<size_t>(net.epsilon)] = static_cast<float>(kEpsilon);
  return values;
}

// Residual blocks of both kinds, one in another and one whose body begins with an activation, all norms, and a mean
// over channels.
Network residual() {
  const auto relu = [](const Tensor& x) { return capi::call("aten::relu", "", {capi::tensor(x)}); };
  // Offsets: convolutions 4 -> 6 (3x3) at 0, 6 -> 6 (3x3) at 222, group norm at 552, 6 -> 5 (1x1) at 564 and 599, layer
  // norm at 634, root mean square norm at 644, linear at 649, epsilon at 667.
  return {
      {{VK_LAYER_CONV2D, 0, 6, 3, 1, 1, 0, 216},
       plain(VK_LAYER_BLOCK),
       plain(VK_LAYER_RELU),
       {VK_LAYER_CONV2D, 0, 6, 3, 1, 1, 222, 546},
       plain(VK_LAYER_BLOCK),
       {VK_LAYER_NORM, 0, 6, 2, 667, 0, 552, 558},
       plain(VK_LAYER_TANH),
       plain(VK_LAYER_SHORTCUT),
       plain(VK_LAYER_SUM),
       plain(VK_LAYER_SHORTCUT),
       plain(VK_LAYER_SUM),
       plain(VK_LAYER_RELU),
       plain(VK_LAYER_BLOCK),
       plain(VK_LAYER_MAX_POOL2D, 2, 2),
       {VK_LAYER_CONV2D, 0, 5, 1, 1, 0, 564, 594},
       plain(VK_LAYER_SHORTCUT),
       {VK_LAYER_CONV2D, 0, 5, 1, 2, 0, 599, 629},
       plain(VK_LAYER_SUM),
       plain(VK_LAYER_MEAN2D),
       {VK_LAYER_NORM, 0, 5, 1, 667, 0, 634, 639},
       plain(VK_LAYER_SILU),
       {VK_LAYER_RMS_NORM, 0, 5, 1, 667, 0, 644, -1},
       dense(kClasses, 5, 649)},
      {4, 6, 8},
      668,
      [relu](const Tensor& p, const Tensor& x) {
        const std::vector<int64_t> two{2, 2};
        const std::vector<int64_t> one{1, 1};
        const std::vector<int64_t> zero{0, 0};
        const std::vector<int64_t> five{5};
        const std::vector<int64_t> plane{2, 3};
        const Tensor a = conv(x, p, 0, 6, 4, 3, 1, 1);
        const Tensor b = conv(relu(a), p, 222, 6, 6, 3, 1, 1);
        const Tensor n = capi::call("aten::group_norm", "",
                                    {capi::tensor(b), capi::integer(2), capi::tensor(part(p, 552, {6})),
                                     capi::tensor(part(p, 558, {6})), capi::number(kEpsilon), capi::boolean(false)});
        const Tensor c = relu(capi::add(capi::add(capi::tanh(n), b), a));
        const Tensor pooled = capi::call("aten::max_pool2d", "",
                                         {capi::tensor(c), capi::integers(two), capi::integers(two),
                                          capi::integers(zero), capi::integers(one), capi::boolean(false)});
        const Tensor d = capi::add(conv(pooled, p, 564, 5, 6, 1, 1, 0), conv(c, p, 599, 5, 6, 1, 2, 0));
        const Tensor mean = capi::call("aten::mean", "dim",
                                       {capi::tensor(d), capi::integers(plane), capi::boolean(false), capi::none()});
        const Tensor e = capi::call("aten::layer_norm", "",
                                    {capi::tensor(mean), capi::integers(five), capi::tensor(part(p, 634, {5})),
                                     capi::tensor(part(p, 639, {5})), capi::number(kEpsilon), capi::boolean(false)});
        const Tensor f = capi::call("aten::rms_norm", "",
                                    {capi::tensor(capi::call("aten::silu", "", {capi::tensor(e)})),
                                     capi::integers(five), capi::tensor(part(p, 644, {5})), capi::number(kEpsilon)});
        return linear(f, p, 649, kClasses, 5);
      },
      667};
}

class Predictor {
 public:
  Predictor(const Network& network, const std::vector<float>& parameters, const float* mean, int32_t link,
            int32_t threads) {
    char error[1024];
    capi::check(
        vk_predictor_compile(network.layers.data(), static_cast<int64_t>(network.layers.size()), network.input.data(),
                             static_cast<int64_t>(network.input.size()), parameters.data(),
                             static_cast<int64_t>(parameters.size()) / network.dimension, network.dimension, mean, link,
                             threads, nullptr, 0, 50, &handle, error, sizeof error),
        error);
  }
  ~Predictor() { vk_predictor_release(handle); }
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  vk_predictor handle = nullptr;
};

struct Results {
  explicit Results(int64_t count)
      : mean(room(count * kClasses)),
        variance(room(count * kClasses)),
        probabilities(room(count * kClasses)),
        entropy(room(count)),
        information(room(count)),
        outputs(room(kSamples * count * kClasses)) {}
  static std::vector<float> room(int64_t count) { return std::vector<float>(static_cast<size_t>(count), NAN); }
  vk_prediction targets() {
    return {mean.data(), variance.data(), probabilities.data(), entropy.data(), information.data(), outputs.data()};
  }
  std::vector<float> mean, variance, probabilities, entropy, information, outputs;
};

void run(const Predictor& predictor, const std::vector<float>& inputs, int64_t count, Results& results) {
  char error[1024];
  const vk_prediction targets = results.targets();
  capi::check(vk_predictor_run(predictor.handle, inputs.data(), count, &targets, error, sizeof error), error);
}

// Statistics by their definitions, of outputs [S, N, C] and, for linearised networks, of outputs at the mean.
void compare(Results& got, const std::vector<double>& outputs, const std::vector<double>* centre, int64_t count) {
  const auto cells = static_cast<size_t>(count * kClasses);
  for (size_t i = 0; i < outputs.size(); ++i)
    ASSERT_NEAR(got.outputs[i], outputs[i], 3e-5 * (1 + std::abs(outputs[i])));
  for (size_t n = 0; n < static_cast<size_t>(count); ++n) {
    double within = 0;
    std::vector<double> p(kClasses);
    for (size_t s = 0; s < kSamples; ++s) {
      const double* row = outputs.data() + s * cells + n * kClasses;
      double total = 0;
      for (size_t c = 0; c < kClasses; ++c) total += std::exp(row[c]);
      for (size_t c = 0; c < kClasses; ++c) {
        const double q = std::exp(row[c]) / total;
        p[c] += q / kSamples;
        within -= q * std::log(q) / kSamples;
      }
    }
    double entropy = 0;
    for (size_t c = 0; c < kClasses; ++c) {
      const size_t cell = n * kClasses + c;
      double mean = 0;
      for (size_t s = 0; s < kSamples; ++s) mean += outputs[s * cells + cell] / kSamples;
      if (centre != nullptr) mean = (*centre)[cell];
      double squares = 0;
      for (size_t s = 0; s < kSamples; ++s) squares += std::pow(outputs[s * cells + cell] - mean, 2);
      ASSERT_NEAR(got.mean[cell], mean, 3e-5 * (1 + std::abs(mean)));
      const double variance = squares / (centre == nullptr ? kSamples - 1 : kSamples);
      ASSERT_NEAR(got.variance[cell], variance, 3e-5 * (1 + variance));
      ASSERT_NEAR(got.probabilities[cell], p[c], 1e-5);
      entropy -= p[c] * std::log(p[c]);
    }
    ASSERT_NEAR(got.entropy[n], entropy, 1e-5);
    ASSERT_NEAR(got.information[n], entropy - within, 1e-5);
  }
}

Tensor batch(const Network& network, const std::vector<float>& inputs, int64_t count) {
  std::vector<int64_t> shape{count};
  shape.insert(shape.end(), network.input.begin(), network.input.end());
  return capi::make(wide(inputs), shape);
}

class Predictors : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const char* asked = std::getenv("VIKING_PREDICTOR_KERNELS");
    if (asked == nullptr) return;
    const Predictor any(mlp(), normal(955, 1, 1), nullptr, VK_LINK_IDENTITY, 1);
    char text[4096];
    char error[1024];
    int64_t needed = 0;
    capi::check(vk_predictor_describe(any.handle, text, sizeof text, &needed, error, sizeof error), error);
    const std::string got = std::string(text).substr(0, std::string(text).find('\n'));
    const std::string wanted = std::string("kernels=") + asked;
    if (got != wanted) GTEST_SKIP() << "this CPU has no " << asked << "; " << got;
  }

  Network network() const { return GetParam() == 0 ? mlp() : GetParam() == 1 ? convolutions() : residual(); }
};

TEST_P(Predictors, SamplesAgreeWithLibtorch) {
  const Network net = network();
  const auto parameters = parameters_of(net, kSamples, 0.3f, 2);
  for (const int32_t threads : {1, 3})
    for (const int64_t count : {1, 13}) {
      const auto inputs = normal(count * net.features(), 1, 3);
      const Predictor predictor(net, parameters, nullptr, VK_LINK_SOFTMAX, threads);
      Results got(count);
      run(predictor, inputs, count, got);
      std::vector<double> outputs;
      for (int64_t s = 0; s < kSamples; ++s) {
        const std::vector<float> row(parameters.begin() + s * net.dimension,
                                     parameters.begin() + (s + 1) * net.dimension);
        const auto each = capi::read(net.reference(capi::make(wide(row), {net.dimension}), batch(net, inputs, count)));
        outputs.insert(outputs.end(), each.begin(), each.end());
      }
      compare(got, outputs, nullptr, count);
    }
}

TEST_P(Predictors, LinearisedOnesAreForwardDerivatives) {
  const Network net = network();
  const auto mean = parameters_of(net, 1, 0.3f, 4);
  const auto deviations = normal(kSamples * net.dimension, 0.05f, 5);
  for (const int32_t threads : {1, 3})
    for (const int64_t count : {1, 13}) {
      const auto inputs = normal(count * net.features(), 1, 3);
      const Predictor predictor(net, deviations, mean.data(), VK_LINK_SOFTMAX, threads);
      Results got(count);
      run(predictor, inputs, count, got);
      const Tensor x = batch(net, inputs, count);
      const capi::Function f = [&](const Tensors& p) { return Tensors{net.reference(p[0], x)}; };
      const Tensor at = capi::make(wide(mean), {net.dimension});
      const auto centre = capi::read(net.reference(at, x));
      std::vector<double> outputs;
      for (int64_t s = 0; s < kSamples; ++s) {
        const std::vector<float> row(deviations.begin() + s * net.dimension,
                                     deviations.begin() + (s + 1) * net.dimension);
        const auto pushed = capi::read(capi::jvp(f, {at}, {capi::make(wide(row), {net.dimension})}).second[0]);
        for (size_t i = 0; i < pushed.size(); ++i) outputs.push_back(centre[i] + pushed[i]);
      }
      compare(got, outputs, &centre, count);
    }
}

TEST_P(Predictors, ManyThreadsGetTheSame) {
  const Network net = network();
  const auto parameters = parameters_of(net, kSamples, 0.3f, 2);
  const auto mean = parameters_of(net, 1, 0.3f, 4);
  const auto inputs = normal(9 * net.features(), 1, 3);
  for (const bool linearised : {false, true}) {
    const Predictor predictor(net, parameters, linearised ? mean.data() : nullptr, VK_LINK_SOFTMAX, 2);
    Results wanted(9);
    run(predictor, inputs, 9, wanted);
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (size_t t = 0; t < wrong.size(); ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 8; ++i) {
          Results got(9);
          run(predictor, inputs, 9, got);
          if (got.outputs != wanted.outputs || got.variance != wanted.variance) ++wrong[t];
        }
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4));
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Predictors, testing::Values(0, 1, 2), [](const auto& info) {
  return info.param == 0 ? "mlp" : info.param == 1 ? "convolutions" : "residual";
});

TEST(PredictorErrors, WhatDoesNotFitIsRefused) {
  const int64_t before = capi::live_handles();
  const auto status = [](const Network& net, std::string* message) {
    try {
      const Predictor predictor(net, normal(2 * net.dimension, 1, 1), nullptr, VK_LINK_IDENTITY, 1);
      return static_cast<int32_t>(VK_OK);
    } catch (const capi::Error& e) {
      *message = e.what();
      return e.status;
    }
  };
  std::string message;
  Network open = residual();
  open.layers.erase(open.layers.begin() + 8);
  std::string what;
  EXPECT_EQ(status(open, &what), VK_ERR_ARGUMENT);
  EXPECT_NE(what.find("a shortcut without a block"), std::string::npos) << what;
  Network apart = residual();
  apart.layers[14].outputs = 4;
  EXPECT_EQ(status(apart, &what), VK_ERR_SHAPE);
  EXPECT_NE(what.find("body and shortcut have different shapes"), std::string::npos) << what;
  Network groups = residual();
  groups.layers[5].kernel = 4;
  EXPECT_EQ(status(groups, &what), VK_ERR_SHAPE);
  EXPECT_NE(what.find("norm: it is for other inputs"), std::string::npos) << what;
  Network net = mlp();
  EXPECT_EQ(status(net, &message), VK_OK);
  net.layers[1].kind = 77;
  EXPECT_EQ(status(net, &message), VK_ERR_UNSUPPORTED);
  EXPECT_NE(message.find("77"), std::string::npos) << message;
  net = mlp();
  net.layers[4].bias = -1;  // none
  EXPECT_EQ(status(net, &message), VK_OK);
  net.layers[4].bias = -2;
  EXPECT_EQ(status(net, &message), VK_ERR_SHAPE);
  net.layers[4].bias = net.dimension - kClasses + 1;  // the last bias would end behind the parameters
  EXPECT_EQ(status(net, &message), VK_ERR_SHAPE);
  EXPECT_NE(message.find("outside"), std::string::npos) << message;
  net = convolutions();
  net.input = {2, 2, 10};  // smaller than the kernel
  EXPECT_EQ(status(net, &message), VK_ERR_SHAPE);
  net = convolutions();
  net.layers.pop_back();
  net.layers.resize(1);  // ends in an image
  EXPECT_EQ(status(net, &message), VK_ERR_SHAPE);

  const Predictor predictor(mlp(), normal(2 * 955, 1, 1), nullptr, VK_LINK_IDENTITY, 1);
  char error[1024];
  float one = 0;
  const vk_prediction targets{nullptr, nullptr, &one, nullptr, nullptr, nullptr};
  EXPECT_EQ(vk_predictor_run(predictor.handle, &one, 1, &targets, error, sizeof error), VK_ERR_ARGUMENT);
  EXPECT_EQ(vk_predictor_run(nullptr, &one, 1, &targets, error, sizeof error), VK_ERR_CLOSED);
  EXPECT_EQ(vk_predictor_run(predictor.handle, nullptr, -1, &targets, error, sizeof error), VK_ERR_ARGUMENT);
  EXPECT_EQ(capi::live_handles(), before + 1);
}

}  // namespace
