/* The ABI from plain C: everything here must compile as C11 and behave without C++ around it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viking_native.h"

static char error[4096];

#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      fprintf(stderr, "%s:%d: %s failed (%s)\n", __FILE__, __LINE__, #condition, error); \
      exit(1);                                                                           \
    }                                                                                    \
  } while (0)
#define OK(call) CHECK((call) == VK_OK)

static vk_op multiply;
static vk_op sum;

static vk_tensor vector(const double *data, int64_t n) {
  vk_tensor tensor = NULL;
  OK(vk_tensor_from_data(data, n * 8, VK_FLOAT64, &n, 1, VK_CPU, -1, &tensor, error, sizeof error));
  return tensor;
}

static vk_tensor call(vk_op op, vk_tensor a, vk_tensor b) {
  vk_value arguments[2];
  memset(arguments, 0, sizeof arguments);
  arguments[0].kind = VK_TENSOR;
  arguments[0].as.p = a;
  arguments[1].kind = VK_TENSOR;
  arguments[1].as.p = b;
  vk_value result;
  int64_t count = 0;
  if (vk_op_call(op, arguments, b == NULL ? 1 : 2, &result, 1, &count, error, sizeof error) != VK_OK) return NULL;
  return (vk_tensor)result.as.p;
}

/* sum(x^3); the context counts calls. */
static int32_t cubes(int64_t context, const vk_tensor *inputs, int64_t num_inputs, vk_tensor *outputs,
                     int64_t *num_outputs) {
  ++*(int *)(intptr_t)context;
  if (num_inputs != 1) return VK_ERR_ARGUMENT;
  vk_tensor square = call(multiply, inputs[0], inputs[0]);
  vk_tensor cube = call(multiply, square, inputs[0]);
  outputs[0] = call(sum, cube, NULL);
  *num_outputs = 1;
  vk_tensor_release(&square, 1);
  vk_tensor_release(&cube, 1);
  return outputs[0] == NULL ? VK_ERR_TORCH : VK_OK;
}

static int32_t failing(int64_t context, const vk_tensor *inputs, int64_t num_inputs, vk_tensor *outputs,
                       int64_t *num_outputs) {
  (void)context, (void)inputs, (void)num_inputs, (void)outputs, (void)num_outputs;
  return VK_ERR_CALLBACK;
}

static void expect(vk_tensor tensor, const double *expected, int64_t n) {
  double *data = malloc((size_t)n * 8);
  OK(vk_tensor_read(tensor, data, n * 8, error, sizeof error));
  for (int64_t i = 0; i < n; ++i) CHECK(fabs(data[i] - expected[i]) < 1e-12);
  free(data);
}

int main(void) {
  OK(vk_handshake(VK_ABI_VERSION, error, sizeof error));
  CHECK(vk_handshake(VK_ABI_VERSION + 1, error, sizeof error) == VK_ERR_ARGUMENT && strstr(error, "native interface"));
  char info[1024];
  int64_t needed = 0;
  OK(vk_build_info(info, sizeof info, &needed, error, sizeof error));
  CHECK(vk_build_info(info, 3, &needed, error, sizeof error) == VK_ERR_CAPACITY && needed > 3);

  OK(vk_op_find("aten::mul", "Tensor", &multiply, error, sizeof error));
  OK(vk_op_find("aten::sum", "", &sum, error, sizeof error));
  vk_op none = NULL;
  CHECK(vk_op_find("aten::mul", "Tenser", &none, error, sizeof error) == VK_ERR_UNKNOWN_OPERATOR);
  CHECK(strstr(error, "'Tensor'") != NULL);

  const double x_data[3] = {1, 2, -3};
  const double v_data[3] = {0.5, -1, 2};
  vk_tensor x = vector(x_data, 3);
  vk_tensor v = vector(v_data, 3);
  int calls = 0;
  int64_t context = (int64_t)(intptr_t)&calls;
  int64_t count = 0;

  vk_tensor value = NULL;
  vk_tensor tangent = NULL;
  OK(vk_jvp(cubes, context, &x, &v, 1, &value, &tangent, 1, &count, error, sizeof error));
  const double sum_of_cubes = 1 + 8 - 27;
  const double slope = 3 * 1 * 0.5 + 3 * 4 * -1 + 3 * 9 * 2;
  expect(value, &sum_of_cubes, 1);
  expect(tangent, &slope, 1);
  vk_tensor_release(&value, 1);
  vk_tensor_release(&tangent, 1);

  vk_tensor gradient = NULL;
  vk_tensor product = NULL;
  const double gradient_data[3] = {3, 12, 27};
  const double product_data[3] = {6 * 1 * 0.5, 6 * 2 * -1.0, 6 * -3 * 2.0};
  for (int32_t mode = 0; mode < 2; ++mode) {
    OK(vk_hvp(cubes, context, &x, &v, 1, mode, &value, &gradient, &product, error, sizeof error));
    expect(gradient, gradient_data, 3);
    expect(product, product_data, 3);
    vk_tensor_release(&value, 1);
    vk_tensor_release(&gradient, 1);
    vk_tensor_release(&product, 1);
  }
  CHECK(calls == 3);

  CHECK(vk_jvp(failing, 0, &x, &v, 1, &value, &tangent, 1, &count, error, sizeof error) == VK_ERR_CALLBACK);
  CHECK(vk_transform_depth() == 0);
  CHECK(vk_tensor_read(x, NULL, 7, error, sizeof error) == VK_ERR_SHAPE);
  CHECK(vk_tensor_read(NULL, NULL, 0, error, sizeof error) == VK_ERR_CLOSED);
  char tiny[8];
  CHECK(vk_tensor_read(NULL, NULL, 0, tiny, sizeof tiny) == VK_ERR_CLOSED && strlen(tiny) == 7);

  vk_tensor_release(&x, 1);
  vk_tensor_release(&v, 1);
  vk_live_counts live;
  vk_live(VK_CPU, -1, &live);
  CHECK(live.handles == 0 && live.bytes == 0);
  printf("c_abi_smoke: ok\n");
  return 0;
}
