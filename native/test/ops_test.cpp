// The generic operator call, tensors and generators: values, and every kind of bad input.
#include <gtest/gtest.h>

#include <cstring>

#include "c_api.h"

namespace {

using capi::Tensor;
using capi::Tensors;

int32_t status_of(const std::function<void()>& body, std::string* message = nullptr) {
  try {
    body();
    return VK_OK;
  } catch (const capi::Error& e) {
    if (message != nullptr) *message = e.what();
    return e.status;
  }
}

TEST(Ops, EveryArgumentKindArrives) {
  const Tensor a = capi::make({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(capi::read(capi::call("aten::add", "Tensor", {capi::tensor(a), capi::tensor(a), capi::number(0.5)}))[5], 9);
  const std::vector<int64_t> dims{0};
  const Tensor sums =
      capi::call("aten::sum", "dim_IntList", {capi::tensor(a), capi::integers(dims), capi::boolean(true)});
  EXPECT_EQ(capi::sizes(sums), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(capi::read(sums), (std::vector<double>{5, 7, 9}));

  const vk_tensor list[2] = {a.get(), a.get()};
  vk_value tensors{VK_TENSOR_LIST, 0, 2, {}};
  tensors.as.p = list;
  EXPECT_EQ(capi::sizes(capi::call("aten::cat", "", {tensors, capi::integer(1)})), (std::vector<int64_t>{2, 6}));

  const char equation[] = "ij,kj->ik";
  vk_value text{VK_STRING, 0, sizeof equation - 1, {}};
  text.as.p = equation;
  EXPECT_EQ(capi::read(capi::call("aten::einsum", "", {text, tensors, capi::none()})),
            (std::vector<double>{14, 32, 32, 77}));

  vk_value dtype{VK_DTYPE_VALUE, 0, 0, {}};
  dtype.as.i = VK_FLOAT64;
  EXPECT_EQ(capi::read(capi::call("aten::eye", "", {capi::integer(2), dtype})), (std::vector<double>{1, 0, 0, 1}));

  const Tensors parts = capi::call_all("aten::split", "Tensor", {capi::tensor(a), capi::integer(1), capi::integer(0)});
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(capi::read(parts[1]), (std::vector<double>{4, 5, 6}));
}

TEST(Ops, BadArgumentsAreNamed) {
  const Tensor a = capi::make({1, 2, 3, 4, 5, 6}, {2, 3});
  std::string message;
  EXPECT_EQ(status_of([&] { capi::matmul(a, a); }, &message), VK_ERR_SHAPE);
  EXPECT_NE(message.find("self: float64[2, 3]"), std::string::npos) << message;
  EXPECT_EQ(status_of([&] { capi::call("aten::sum", "", {capi::integer(3)}); }, &message), VK_ERR_ARGUMENT);
  EXPECT_NE(message.find("'self'"), std::string::npos) << message;
  EXPECT_EQ(status_of([&] { capi::call("aten::mul", "Tensor", {capi::tensor(a)}); }), VK_ERR_ARGUMENT);
  EXPECT_EQ(status_of([&] { capi::call("aten::nothing", "", {}); }), VK_ERR_UNKNOWN_OPERATOR);
  EXPECT_EQ(status_of([&] {
              capi::call("aten::select", "int", {capi::tensor(a), capi::integer(0), capi::integer(9)});
            }),
            VK_ERR_INDEX);
  const std::vector<vk_value> many(9, capi::tensor(a));
  EXPECT_EQ(status_of([&] { capi::call("aten::neg", "", many); }), VK_ERR_ARGUMENT);
}

TEST(Ops, HugeAllocationsFailAndTheProcessGoesOn) {
  const std::vector<int64_t> sizes{int64_t{1} << 46};
  EXPECT_EQ(status_of([&] { capi::call("aten::empty", "memory_format", {capi::integers(sizes)}); }),
            VK_ERR_OUT_OF_MEMORY);
  const Tensor a = capi::make({2}, {1});
  EXPECT_EQ(capi::read(capi::mul(a, a))[0], 4);
}

TEST(Tensors, SizesAreChecked) {
  char error[1024];
  const double data[2] = {1, 2};
  const int64_t negative[1] = {-2};
  const int64_t huge[3] = {int64_t{1} << 40, int64_t{1} << 40, 2};
  const int64_t two[1] = {2};
  vk_tensor handle = nullptr;
  auto make = [&](const int64_t* sizes, int64_t ndim, int64_t bytes, int32_t dtype) {
    return vk_tensor_from_data(data, bytes, dtype, sizes, ndim, VK_CPU, -1, &handle, error, sizeof error);
  };
  EXPECT_EQ(make(negative, 1, 16, VK_FLOAT64), VK_ERR_SHAPE);
  EXPECT_EQ(make(huge, 3, 16, VK_FLOAT64), VK_ERR_SHAPE);
  EXPECT_EQ(make(two, 1, 8, VK_FLOAT64), VK_ERR_SHAPE);
  EXPECT_EQ(make(two, 1, 16, 99), VK_ERR_DTYPE);
  EXPECT_EQ(make(two, VK_MAX_DIMS + 1, 16, VK_FLOAT64), VK_ERR_SHAPE);
  EXPECT_EQ(make(nullptr, 1, 16, VK_FLOAT64), VK_ERR_ARGUMENT);
  EXPECT_EQ(vk_tensor_from_data(data, 16, VK_FLOAT64, two, 1, VK_CUDA, 99, &handle, error, sizeof error),
            VK_ERR_DEVICE);
}

TEST(Tensors, BlobsAreKeptAliveThroughViews) {
  char error[1024];
  alignas(8) double data[4] = {1, 2, 3, 4};
  const int64_t sizes[1] = {4};
  vk_tensor handle = nullptr;
  capi::check(vk_tensor_from_blob(data, 32, VK_FLOAT64, sizes, 1, 77, &handle, error, sizeof error), error);
  int64_t id = 0;
  {
    Tensor view;
    {
      const Tensor blob(handle);
      view = capi::call("aten::slice", "Tensor",
                        {capi::tensor(blob), capi::integer(0), capi::integer(1), capi::integer(3)});
    }
    EXPECT_EQ(vk_keep_alive_drain(&id, 1), 0);
    data[1] = 20;
    EXPECT_EQ(capi::read(view)[0], 20);
  }
  EXPECT_EQ(vk_keep_alive_drain(&id, 1), 1);
  EXPECT_EQ(id, 77);
  char* odd = reinterpret_cast<char*>(data) + 1;
  EXPECT_EQ(vk_tensor_from_blob(odd, 8, VK_FLOAT64, sizes, 0, 78, &handle, error, sizeof error), VK_ERR_ARGUMENT);
  EXPECT_EQ(vk_keep_alive_drain(&id, 1), 0);
}

TEST(Generators, StateRepeatsTheStream) {
  char error[1024];
  vk_generator generator = nullptr;
  capi::check(vk_generator_new(VK_CPU, -1, 42, &generator, error, sizeof error), error);
  const std::vector<int64_t> sizes{5};
  auto draw = [&] {
    vk_value value{VK_GENERATOR, 0, 0, {}};
    value.as.p = generator;
    vk_value dtype{VK_DTYPE_VALUE, 0, 0, {}};
    dtype.as.i = VK_FLOAT64;
    return capi::read(capi::call("aten::randn", "generator", {capi::integers(sizes), value, dtype}));
  };
  vk_tensor state = nullptr;
  capi::check(vk_generator_get_state(generator, &state, error, sizeof error), error);
  const Tensor saved(state);
  const auto first = draw();
  EXPECT_NE(draw(), first);
  capi::check(vk_generator_set_state(generator, saved.get(), error, sizeof error), error);
  EXPECT_EQ(draw(), first);
  capi::check(vk_generator_seed(generator, 42, error, sizeof error), error);
  EXPECT_EQ(draw(), first);
  const Tensor wrong = capi::make({1}, {1});
  EXPECT_EQ(vk_generator_set_state(generator, wrong.get(), error, sizeof error), VK_ERR_ARGUMENT);
  vk_generator_release(generator);
}

}  // namespace
