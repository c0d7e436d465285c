// Transforms and their nestings against closed forms and central differences.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "c_api.h"

namespace {

using capi::Function;
using capi::Tensor;
using capi::Tensors;

class Transforms : public ::testing::Test {
 protected:
  void SetUp() override {
    char error[1024];
    capi::check(vk_handshake(VK_ABI_VERSION, error, sizeof error), error);
    before_ = capi::live_handles();
  }
  void TearDown() override {
    EXPECT_EQ(capi::live_handles(), before_);
    EXPECT_EQ(vk_transform_depth(), 0);
  }

 private:
  int64_t before_ = 0;
};

void expect_near(const Tensor& got, const std::vector<double>& expected, double tolerance = 1e-12) {
  const auto values = capi::read(got);
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance) << "element " << i;
}

// f(x) = sum(x^4), elementwise derivatives 4x^3, 12x^2, 24x.
Tensor quartic(const Tensor& x) {
  const Tensor square = capi::mul(x, x);
  return capi::sum(capi::mul(square, square));
}
const Function kQuartic = [](const Tensors& xs) { return Tensors{quartic(xs[0])}; };

const std::vector<double> kX{0.5, -1.25, 2.0};
const std::vector<double> kV{1.0, 0.25, -2.0};

Tensor x3() { return capi::make(kX, {3}); }
Tensor v3() { return capi::make(kV, {3}); }

TEST_F(Transforms, HessianVectorProductsInBothModesAndByNesting) {
  std::vector<double> expected;
  for (size_t i = 0; i < 3; ++i) expected.push_back(12 * kX[i] * kX[i] * kV[i]);
  const Function gradient = [](const Tensors& xs) { return capi::grad(kQuartic, xs); };
  const Function directional = [](const Tensors& xs) { return capi::jvp(kQuartic, xs, {v3()}).second; };
  expect_near(capi::hvp(kQuartic, x3(), v3(), VK_HVP_REVERSE_OVER_REVERSE), expected);
  expect_near(capi::hvp(kQuartic, x3(), v3(), VK_HVP_FORWARD_OVER_REVERSE), expected);
  expect_near(capi::jvp(gradient, {x3()}, {v3()}).second[0], expected);
  expect_near(capi::grad(directional, {x3()})[0], expected);
  expect_near(capi::Pullback(gradient, {x3()})({v3()})[0], expected);
}

TEST_F(Transforms, ThirdDerivativesNestFreely) {
  // d/dx of <H(x) v, v> = 24 x v^2.
  std::vector<double> expected;
  for (size_t i = 0; i < 3; ++i) expected.push_back(24 * kX[i] * kV[i] * kV[i]);
  const Function first = [](const Tensors& xs) { return capi::jvp(kQuartic, xs, {v3()}).second; };
  const Function second = [&](const Tensors& xs) { return capi::jvp(first, xs, {v3()}).second; };
  expect_near(capi::grad(second, {x3()})[0], expected);
}

TEST_F(Transforms, PerExampleGradientsAreVmapOfGrad) {
  const Tensor batch = capi::make({1, 2, 3, 4, 5, 6}, {2, 3});
  const Function f = [](const Tensors& xs) { return capi::grad(kQuartic, xs); };
  std::vector<double> expected;
  for (double x : {1., 2., 3., 4., 5., 6.}) expected.push_back(4 * x * x * x);
  expect_near(capi::vmap(f, {batch}, {0})[0], expected);
  expect_near(capi::vmap(f, {batch}, {0}, {0}, 1)[0], expected);
}

TEST_F(Transforms, VmapMovesDimensions) {
  const Tensor a = capi::make({1, 2, 3, 4, 5, 6}, {3, 2});
  const Tensor b = capi::make({10, 20, 30}, {3});
  const Function f = [](const Tensors& xs) { return Tensors{capi::mul(xs[0], xs[1])}; };
  const Tensors out = capi::vmap(f, {a, b}, {1, INT64_MIN}, {-1});
  EXPECT_EQ(capi::sizes(out[0]), (std::vector<int64_t>{3, 2}));
  expect_near(out[0], {10, 20, 60, 80, 150, 180});
}

TEST_F(Transforms, JacobiansAgreeInBothModesAndChunks) {
  const Function f = [](const Tensors& xs) { return Tensors{capi::tanh(capi::matmul(xs[0], xs[1]))}; };
  const Tensor w = capi::make({0.1, 0.2, -0.3, 0.4, 0.5, -0.6}, {2, 3});
  const Tensors rows = capi::jacobian(false, f, {w, x3()});
  for (int64_t chunk : {0, 1, 4}) {
    const Tensors columns = capi::jacobian(true, f, {w, x3()}, chunk);
    const Tensors chunked = capi::jacobian(false, f, {w, x3()}, chunk);
    ASSERT_EQ(columns.size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(capi::sizes(columns[i]), capi::sizes(rows[i]));
      expect_near(columns[i], capi::read(rows[i]));
      expect_near(chunked[i], capi::read(rows[i]));
    }
  }
}

// sum(norm(x)^2 c): a function through an operator whose reverse-over-forward derivative is wrong upstream.
void expect_second_order_by_differences(const Function& f, const std::vector<double>& x,
                                        const std::vector<int64_t>& sizes) {
  std::vector<double> v(x.size());
  for (size_t i = 0; i < v.size(); ++i) v[i] = std::sin(1.7 * static_cast<double>(i) + 0.3);
  const Tensor direction = capi::make(v, sizes);
  const Function directional = [&](const Tensors& xs) { return capi::jvp(f, xs, {direction}).second; };
  const auto got = capi::read(capi::grad(directional, {capi::make(x, sizes)})[0]);
  const double step = 1e-5;
  for (size_t i = 0; i < x.size(); ++i) {
    auto slope = [&](double delta) {
      std::vector<double> moved = x;
      moved[i] += delta;
      return capi::read(capi::jvp(f, {capi::make(moved, sizes)}, {direction}).second[0])[0];
    };
    EXPECT_NEAR(got[i], (slope(step) - slope(-step)) / (2 * step), 1e-6) << "element " << i;
  }
}

TEST_F(Transforms, ReverseOverForwardThroughFusedLayerNormIsRight) {
  const std::vector<int64_t> shape{4};
  const Function f = [&](const Tensors& xs) {
    const Tensor y = capi::call("aten::layer_norm", "",
                                {capi::tensor(xs[0]), capi::integers(shape), capi::none(), capi::none(),
                                 capi::number(1e-5), capi::boolean(false)});
    const Tensor c = capi::make({1, -2, 3, 0.5}, {4});
    return Tensors{capi::sum(capi::mul(capi::mul(y, y), c))};
  };
  expect_second_order_by_differences(f, {0.3, -1.0, 2.0, 0.7}, shape);
}

TEST_F(Transforms, ReverseOverForwardThroughSolveAndDeterminantIsRight) {
  const Function solve = [](const Tensors& xs) {
    const Tensor b = capi::make({1, 2}, {2});
    const Tensor y = capi::call("aten::linalg_solve", "", {capi::tensor(xs[0]), capi::tensor(b)});
    return Tensors{capi::sum(capi::mul(y, y))};
  };
  const Function det = [](const Tensors& xs) {
    return Tensors{capi::call("aten::linalg_det", "", {capi::tensor(xs[0])})};
  };
  expect_second_order_by_differences(solve, {2.0, 0.5, -0.3, 1.5}, {2, 2});
  expect_second_order_by_differences(det, {2.0, 0.5, -0.3, 1.5}, {2, 2});
}

TEST_F(Transforms, OperatorsWithoutForwardRuleFallBackToReverse) {
  const Function f = [](const Tensors& xs) {
    const Tensor scores = capi::call("aten::log_softmax", "int", {capi::tensor(xs[0]), capi::integer(0), capi::none()});
    return Tensors{capi::sum(capi::mul(scores, scores))};
  };
  const auto reverse = capi::read(capi::hvp(f, x3(), v3(), VK_HVP_REVERSE_OVER_REVERSE));
  expect_near(capi::hvp(f, x3(), v3(), VK_HVP_FORWARD_OVER_REVERSE), reverse);
}

TEST_F(Transforms, FailureInsideLeavesNothingBehind) {
  const Function broken = [](const Tensors& xs) -> Tensors {
    const Tensor wasted = capi::mul(xs[0], xs[0]);
    throw std::runtime_error("no");
  };
  const Function nested = [&](const Tensors& xs) { return capi::grad(broken, xs); };
  for (const Function& f : {broken, nested}) {
    EXPECT_THROW(capi::jvp(f, {x3()}, {v3()}), capi::Error);
    EXPECT_THROW(capi::vmap(f, {x3()}, {0}), capi::Error);
    EXPECT_THROW(capi::grad(f, {x3()}), capi::Error);
    EXPECT_THROW(capi::jacobian(true, f, {x3()}), capi::Error);
  }
}

TEST_F(Transforms, EscapedTensorsAndPullbacksAreRefused) {
  Tensor escaped;
  const Function f = [&](const Tensors& xs) {
    escaped = capi::mul(xs[0], xs[0]);
    return Tensors{capi::sum(escaped)};
  };
  capi::vmap(f, {capi::make({1, 2, 3, 4}, {2, 2})}, {0});
  for (int again = 0; again < 2; ++again) {
    const Function user = [&](const Tensors& xs) { return Tensors{capi::mul(xs[0], escaped)}; };
    try {
      if (again == 0) {
        capi::mul(escaped, escaped);
      } else {
        capi::vmap(user, {capi::make({1, 2, 3, 4}, {2, 2})}, {0});
      }
      FAIL() << "an escaped tensor was accepted";
    } catch (const capi::Error& e) {
      EXPECT_EQ(e.status, again == 0 ? VK_ERR_ESCAPED : VK_ERR_CALLBACK);
    }
  }
}

TEST_F(Transforms, WrongCotangentsAreNamed) {
  const capi::Pullback pullback([](const Tensors& xs) { return Tensors{capi::tanh(xs[0])}; }, {x3()});
  try {
    pullback({capi::make({1, 2}, {2})});
    FAIL() << "a cotangent of another shape was accepted";
  } catch (const capi::Error& e) {
    EXPECT_EQ(e.status, VK_ERR_SHAPE);
    EXPECT_NE(std::string(e.what()).find("cotangents[0]"), std::string::npos) << e.what();
  }
}

TEST_F(Transforms, JvpRunsOnManyThreadsAtOnce) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const Function batched = [](const Tensors& xs) { return capi::jvp(kQuartic, xs, {v3()}).second; };
      for (int i = 0; i < 50; ++i) {
        try {
          double expected = 0;
          for (size_t k = 0; k < 3; ++k) expected += 4 * kX[k] * kX[k] * kX[k] * kV[k];
          const auto got = capi::read(capi::jvp(kQuartic, {x3()}, {v3()}).second[0]);
          if (std::abs(got[0] - expected) > 1e-12) ++wrong;
          const Tensor twice = capi::make({kX[0], kX[1], kX[2], kX[0], kX[1], kX[2]}, {2, 3});
          for (double value : capi::read(capi::vmap(batched, {twice}, {0})[0])) {
            if (std::abs(value - expected) > 1e-12) ++wrong;
          }
        } catch (...) {
          ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
