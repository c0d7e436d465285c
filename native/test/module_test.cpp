// TorchScript modules as functions of their parameters, against the same networks written with single operators.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "c_api.h"

namespace {

using capi::Function;
using capi::Tensor;
using capi::Tensors;

std::string path_of(const std::string& name) { return std::string(VIKING_TEST_MODULES) + "/" + name + ".pt"; }

class Module {
 public:
  explicit Module(const std::string& name) {
    char error[4096];
    capi::check(vk_module_load(path_of(name).c_str(), -1, VK_CPU, -1, &handle_, error, sizeof error), error);
  }
  ~Module() { vk_module_release(handle_); }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  Tensors parameters() const {
    char error[1024];
    std::vector<vk_tensor> handles(64);
    int64_t count = 0;
    capi::check(vk_module_parameters(handle_, handles.data(), 64, &count, error, sizeof error), error);
    return capi::own(handles, count);
  }

  std::string describe() const {
    char text[8192];
    char error[1024];
    int64_t needed = 0;
    capi::check(vk_module_describe(handle_, text, sizeof text, &needed, error, sizeof error), error);
    return text;
  }

  Tensor operator()(const Tensors& parameters, const Tensor& input) const {
    char error[4096];
    vk_tensor output = nullptr;
    const vk_tensor in = input.get();
    int64_t count = 0;
    capi::check(vk_module_call(handle_, capi::raw(parameters).data(), static_cast<int64_t>(parameters.size()), &in, 1,
                               &output, 1, &count, error, sizeof error),
                error);
    return Tensor(output);
  }

 private:
  vk_module handle_ = nullptr;
};

int32_t load_status(const std::string& path, std::string& message) {
  char error[4096] = "";
  vk_module module = nullptr;
  const int32_t status = vk_module_load(path.c_str(), -1, VK_CPU, -1, &module, error, sizeof error);
  vk_module_release(module);
  message = error;
  return status;
}

std::string bytes_of(const std::string& name) {
  std::ifstream file(path_of(name), std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

class Modules : public ::testing::Test {
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

void expect_near(const Tensor& got, const Tensor& expected, double tolerance = 1e-12) {
  const auto a = capi::read(got);
  const auto b = capi::read(expected);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << "element " << i;
}

Tensor input() { return capi::make({0.5, -1.0, 2.0, 0.25, 1.5, -0.75}, {2, 3}); }

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return capi::add(capi::matmul(x, capi::call("aten::t", "", {capi::tensor(weight)})), bias);
}

Tensor plain_mlp(const Tensors& p, const Tensor& x) { return linear(capi::tanh(linear(x, p[0], p[1])), p[2], p[3]); }

Tensor loss(const Tensor& y) { return capi::sum(capi::mul(y, y)); }

TEST_F(Modules, ListWhatTheyHold) {
  const Module module("mlp");
  EXPECT_EQ(module.describe(),
            "parameter\t0.weight\t7\t1\t5,3\nparameter\t0.bias\t7\t1\t5\nparameter\t2.weight\t7\t1\t2,5\n"
            "parameter\t2.bias\t7\t1\t2\ninput\tinput\t0\n");
}

TEST_F(Modules, GiveOutputsAndDerivativesOfTheSameNetworkByHand) {
  for (const char* name : {"mlp", "mlp-traced"}) {
    const Module module(name);
    const Tensors p = module.parameters();
    expect_near(module(p, input()), plain_mlp(p, input()));
    const Function theirs = [&](const Tensors& q) { return Tensors{loss(module(q, input()))}; };
    const Function plain = [&](const Tensors& q) { return Tensors{loss(plain_mlp(q, input()))}; };
    expect_near(capi::jvp(theirs, p, p).second[0], capi::jvp(plain, p, p).second[0]);
    const Tensors gradients = capi::grad(theirs, p);
    const Tensors expected = capi::grad(plain, p);
    for (size_t i = 0; i < p.size(); ++i) expect_near(gradients[i], expected[i]);
    for (const int32_t mode : {VK_HVP_REVERSE_OVER_REVERSE, VK_HVP_FORWARD_OVER_REVERSE}) {
      const auto with = [&](const Function& f) {
        return Function([&f, &p](const Tensors& w) { return f({w[0], p[1], p[2], p[3]}); });
      };
      const Tensor product = capi::hvp(with(theirs), p[0], p[0], mode);
      expect_near(product, capi::hvp(with(plain), p[0], p[0], mode));
    }
    const auto rows = [&](bool by_hand) {
      const Function one = [&, by_hand](const Tensors& x) {
        const Function f = [&](const Tensors& q) {
          return Tensors{loss(by_hand ? plain_mlp(q, x[0]) : module(q, x[0]))};
        };
        return Tensors{std::move(capi::grad(f, p).front())};
      };
      return std::move(capi::vmap(one, {input()}, {0}).front());
    };
    expect_near(rows(false), rows(true));
  }
}

TEST_F(Modules, RunFromSeveralThreadsAtDifferentParameters) {
  const Module module("mlp");
  const Tensors p = module.parameters();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      Tensors scaled;
      for (const auto& each : p) {
        scaled.push_back(capi::call("aten::mul", "Scalar", {capi::tensor(each), capi::number(t)}));
      }
      const Function f = [&](const Tensors& q) { return Tensors{loss(module(q, input()))}; };
      const Function g = [&](const Tensors& q) { return Tensors{loss(plain_mlp(q, input()))}; };
      for (int i = 0; i < 20; ++i) {
        const double got = capi::read(capi::jvp(f, scaled, p).second[0])[0];
        if (std::abs(got - capi::read(capi::jvp(g, scaled, p).second[0])[0]) > 1e-10) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Modules, GoThroughTheGuards) {
  // Reverse over forward is silently wrong for the fused layer norm; central differences tell.
  const Module module("layer-norm");
  const Tensors p = module.parameters();
  const Function directional = [&](const Tensors& q) {
    const Function f = [&](const Tensors& r) { return Tensors{loss(module(r, input()))}; };
    return capi::jvp(f, q, p).second;
  };
  const Tensors gradients = capi::grad(directional, p);
  const double step = 1e-5;
  const auto base = capi::read(p[0]);
  for (size_t i = 0; i < base.size(); ++i) {
    double sides[2];
    for (int side = 0; side < 2; ++side) {
      auto moved = base;
      moved[i] += side == 0 ? step : -step;
      Tensors q = p;
      q[0] = capi::make(moved, {4, 3});
      sides[side] = capi::read(directional(q)[0])[0];
    }
    EXPECT_NEAR(capi::read(gradients[0])[i], (sides[0] - sides[1]) / (2 * step), 1e-6);
  }
}

TEST_F(Modules, ChangeNothingOfTheCallers) {
  const Module module("in-place");
  const Tensors p = module.parameters();
  const auto before = capi::read(p[0]);
  const Tensor x = input();
  const auto first = capi::read(module(p, x));
  EXPECT_EQ(capi::read(p[0]), before);
  EXPECT_EQ(capi::read(x), capi::read(input()));
  EXPECT_EQ(capi::read(module(p, x)), first);
}

TEST_F(Modules, RefuseWhatIsNoPureFunction) {
  const std::pair<const char*, const char*> cases[] = {{"refused-buffer", "calls"},
                                                       {"refused-random", "aten::randn_like"},
                                                       {"refused-attribute", "last"},
                                                       {"refused-file", "aten::from_file"},
                                                       {"cnn-in-training", "norm.num_batches_tracked"},
                                                       {"refused-no-grad", "no_grad"}};
  for (const auto& [name, reason] : cases) {
    std::string message;
    EXPECT_EQ(load_status(path_of(name), message), VK_ERR_UNSUPPORTED) << name;
    EXPECT_NE(message.find(reason), std::string::npos) << message;
    EXPECT_NE(message.find(".py:"), std::string::npos) << message;
  }
}

TEST_F(Modules, RefuseMissingForeignAndDamagedFiles) {
  std::string message;
  EXPECT_EQ(load_status("/nowhere.pt", message), VK_ERR_MODULE);
  EXPECT_EQ(load_status(VIKING_TEST_MODULES, message), VK_ERR_MODULE);
  EXPECT_EQ(load_status(path_of("weights"), message), VK_ERR_MODULE);
  EXPECT_NE(message.find("torch.save"), std::string::npos) << message;
  const std::string whole = bytes_of("mlp");
  const auto status_of = [](const std::string& bytes) {
    char error[4096];
    vk_module module = nullptr;
    const int32_t status = vk_module_load_bytes(bytes.data(), static_cast<int64_t>(bytes.size()), -1, VK_CPU, -1,
                                                &module, error, sizeof error);
    vk_module_release(module);
    return status;
  };
  EXPECT_EQ(status_of(whole), VK_OK);
  for (size_t length = 0; length < whole.size(); length += 97) {
    EXPECT_EQ(status_of(whole.substr(0, length)), VK_ERR_MODULE) << "first " << length << " bytes";
  }
  // One byte changed: either it does not matter, or it is noticed; nothing else may happen.
  for (size_t position = 0; position < whole.size(); position += 41) {
    std::string damaged = whole;
    damaged[position] = static_cast<char>(damaged[position] ^ 0x55);
    const int32_t status = status_of(damaged);
    EXPECT_TRUE(status == VK_OK || status == VK_ERR_MODULE || status == VK_ERR_UNSUPPORTED) << position;
  }
}

TEST_F(Modules, SayWhatDoesNotFit) {
  const Module module("mlp");
  const Tensors p = module.parameters();
  const auto status = [&](const Tensors& parameters, const Tensor& x) {
    try {
      module(parameters, x);
      return static_cast<int32_t>(VK_OK);
    } catch (const capi::Error& e) {
      return e.status;
    }
  };
  EXPECT_EQ(status(p, input()), VK_OK);
  EXPECT_EQ(status({p[0]}, input()), VK_ERR_ARGUMENT);
  EXPECT_EQ(status({p[1], p[1], p[2], p[3]}, input()), VK_ERR_SHAPE);
  EXPECT_EQ(status(p, capi::make({1, 2}, {1, 2})), VK_ERR_SHAPE);
}

}  // namespace
