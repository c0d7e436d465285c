// What the exact projection does with small matrices on the CPU, as operators of the library "viking": Gram matrices of
// a few dozen rows, their factor, and products with the outer products that the rows of a linear layer are. Each is one
// call where it was five to thirty of libtorch's, whose cost at such sizes is that of being called. Plain kernels
// without rules for transforms, as those of image_kernels.cpp; other devices and larger matrices take libtorch's.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "image_loops.h"

namespace viking {
namespace {

using at::Tensor;

// --- Gram matrices in float64 ----------------------------------------------------------------------------------------

// Columns that are widened at once. 64 rows of them stay in the second-level cache.
constexpr int64_t kSlab = 256;
// Rows up to which each slab may have a sum of its own.
constexpr int64_t kFewRows = 64;
// Bytes of such sums.
constexpr int64_t kSumBytes = 8 << 20;

void check_rows(const char* name, const Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.is_floating_point(), name, ": needed floating [n, k], given ", rows.scalar_type(),
              " ", rows.sizes());
}

// The upper triangle, in blocks, of rows rows^T over one slab that is [n, width] in float64.
void add_upper(const double* slab, int64_t n, int64_t width, double* sum) {
  const ImageLoops<double>& loops = image_loops<double>();
  double block[3 * kFewRows];
  for (int64_t i = 0; i < n; i += 3) {
    const int64_t height = std::min<int64_t>(3, n - i);
    const int64_t columns = n - i;
    loops.dots(slab + i * width, width, slab + i * width, width, height, width, columns, block, nullptr, true);
    for (int64_t r = 0; r < height; ++r)
      for (int64_t j = r; j < columns; ++j) sum[(i + r) * n + i + j] += block[r * columns + j];
  }
}

// rows rows^T, [n, n] float64. The slabs' sums are added up in order, so that the result does not depend on the number
// of threads.
Tensor small_gram(const Tensor& given) {
  const Tensor rows = given.stride(1) == 1 ? given : given.contiguous();
  const int64_t n = rows.size(0), k = rows.size(1);
  const int64_t row = rows.stride(0);
  const int64_t most = std::max<int64_t>(1, kSumBytes / std::max<int64_t>(1, n * n * 8));
  const int64_t slabs = std::max<int64_t>(1, std::min(most, (k + kSlab - 1) / kSlab));
  const int64_t each = ((k + slabs - 1) / slabs + 7) / 8 * 8;
  std::vector<double> sums(slabs * n * n, 0.0);
  AT_DISPATCH_FLOATING_TYPES(rows.scalar_type(), "add_gram", [&] {
    const scalar_t* in = rows.const_data_ptr<scalar_t>();
    at::parallel_for(0, slabs, 1, [&](int64_t begin, int64_t end) {
      std::vector<double> wide(n * kSlab);
      for (int64_t s = begin; s < end; ++s) {
        const int64_t last = std::min(k, (s + 1) * each);
        for (int64_t first = s * each; first < last; first += kSlab) {
          const int64_t width = std::min(kSlab, last - first);
          for (int64_t i = 0; i < n; ++i) {
            const scalar_t* from = in + i * row + first;
            double* to = wide.data() + i * width;
            for (int64_t x = 0; x < width; ++x) to[x] = static_cast<double>(from[x]);
          }
          add_upper(wide.data(), n, width, sums.data() + s * n * n);
        }
      }
    });
  });
  Tensor gram = at::empty({n, n}, rows.options().dtype(at::kDouble));
  double* out = gram.mutable_data_ptr<double>();
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i; j < n; ++j) {
      double sum = 0;
      for (int64_t s = 0; s < slabs; ++s) sum += sums[(s * n + i) * n + j];
      out[i * n + j] = out[j * n + i] = sum;
    }
  return gram;
}

Tensor gram_of(const Tensor& rows) {
  if (rows.size(0) <= kFewRows) return small_gram(rows);
  const Tensor wide = rows.to(at::kDouble);
  return wide.mm(wide.t());
}

void check_gram(const char* name, const Tensor& gram, int64_t n) {
  TORCH_CHECK(gram.scalar_type() == at::kDouble && gram.sizes() == at::IntArrayRef({n, n}), name, ": needed a Gram ",
              "matrix [", n, ", ", n, "] of float64, given ", gram.scalar_type(), " ", gram.sizes());
}

Tensor& add_gram_(Tensor& self, const Tensor& rows) {
  check_rows("add_gram_", rows);
  check_gram("add_gram_", self, rows.size(0));
  return self.add_(gram_of(rows));
}

// The rows are outer products of cotangents d [B * G, outputs] and inputs a [B, inputs], and where there is a bias d
// itself: <d, d'> (<a, a'> + 1).
Tensor& add_outer_gram_(Tensor& self, const Tensor& inputs, const Tensor& cotangents, bool bias) {
  check_rows("add_outer_gram_", inputs);
  check_rows("add_outer_gram_", cotangents);
  const int64_t batch = inputs.size(0), n = cotangents.size(0);
  TORCH_CHECK(batch > 0 && n % batch == 0, "add_outer_gram_: needed G cotangents for each of ", batch,
              " inputs, given ", n);
  check_gram("add_outer_gram_", self, n);
  const int64_t groups = n / batch;
  Tensor of_inputs = gram_of(inputs);
  if (bias) of_inputs.add_(1.0);
  self.view({batch, groups, batch, groups})
      .addcmul_(gram_of(cotangents).view({batch, groups, batch, groups}), of_inputs.view({batch, 1, batch, 1}));
  return self;
}

// --- the factor of the pseudo-inverse --------------------------------------------------------------------------------

// Inverts the Cholesky factor of a small matrix in place; false where the matrix is not positive definite.
bool inverse_of_cholesky(std::vector<double>& m, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      double sum = m[i * n + j];
      for (int64_t x = 0; x < j; ++x) sum -= m[i * n + x] * m[j * n + x];
      if (i == j) {
        if (!(sum > 0)) return false;
        m[i * n + i] = std::sqrt(sum);
      } else {
        m[i * n + j] = sum / m[j * n + j];
      }
    }
  }
  std::vector<double> inverse(n * n, 0.0);
  for (int64_t i = 0; i < n; ++i) {
    double* row = inverse.data() + i * n;
    for (int64_t x = 0; x < i; ++x) {
      const double factor = m[i * n + x];
      const double* above = inverse.data() + x * n;
      for (int64_t j = 0; j <= x; ++j) row[j] -= factor * above[j];
    }
    const double scale = 1.0 / m[i * n + i];
    for (int64_t j = 0; j < i; ++j) row[j] *= scale;
    row[i] = scale;
  }
  m = std::move(inverse);
  return true;
}

// The inverse of the Cholesky factor, lower triangular, or nothing.
std::optional<Tensor> inverse_factor(const Tensor& normalised) {
  const int64_t n = normalised.size(0);
  if (n <= kFewRows) {
    const double* in = normalised.const_data_ptr<double>();
    std::vector<double> m(in, in + n * n);
    if (!inverse_of_cholesky(m, n)) return std::nullopt;
    Tensor inverse = at::empty({n, n}, normalised.options());
    std::copy(m.begin(), m.end(), inverse.mutable_data_ptr<double>());
    return inverse;
  }
  const auto [factor, info] = at::linalg_cholesky_ex(normalised, false, false);
  if (info.item<int64_t>() != 0) return std::nullopt;
  return at::linalg_solve_triangular(factor, at::eye(n, normalised.options()), false);
}

// F, [n, r] with gram^+ = F F^T, and the rank; see GramFactor in Java for the rules. The rank is NaN, and F has no
// column, where the matrix is not finite.
std::tuple<Tensor, Tensor> gram_factor(const Tensor& given, double cutoff) {
  TORCH_CHECK(given.dim() == 2, "gram_factor: needed a square matrix, given ", given.sizes());
  check_gram("gram_factor", given, given.size(0));
  const Tensor gram = given.contiguous();
  const int64_t n = gram.size(0);
  const double* in = gram.const_data_ptr<double>();
  std::vector<double> scale(n);
  int64_t zeros = 0;
  for (int64_t i = 0; i < n; ++i) {
    const bool empty = in[i * n + i] <= 0;
    zeros += empty ? 1 : 0;
    scale[i] = empty ? 0.0 : 1.0 / std::sqrt(in[i * n + i]);
  }
  // A zero row is uncoupled from the others; a one on its diagonal keeps the matrix invertible.
  Tensor normalised = at::empty({n, n}, gram.options());
  double* m = normalised.mutable_data_ptr<double>();
  double squares = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) {
      const double value = in[i * n + j] * scale[i] * scale[j] + (i == j && scale[i] == 0 ? 1.0 : 0.0);
      m[i * n + j] = value;
      squares += value * value;
    }
  const auto rank = [&](double value) { return at::scalar_tensor(value, gram.options()); };
  if (!std::isfinite(squares)) return {at::empty({n, 0}, gram.options()), rank(std::nan(""))};
  if (const std::optional<Tensor> inverse = inverse_factor(normalised)) {
    const Tensor contiguous = inverse->contiguous();
    const double* lower = contiguous.const_data_ptr<double>();
    double trace = 0;
    for (int64_t i = 0; i < n * n; ++i) trace += lower[i] * lower[i];
    if (1.0 / trace > cutoff * std::sqrt(squares)) {
      Tensor factor = at::empty({n, n}, gram.options());
      double* out = factor.mutable_data_ptr<double>();
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) out[i * n + j] = scale[i] * lower[j * n + i];
      return {factor, rank(static_cast<double>(n - zeros))};
    }
  }
  const auto [values, vectors] = at::linalg_eigh(normalised);
  const Tensor ascending = values.contiguous();
  const double* value = ascending.const_data_ptr<double>();
  const double threshold = cutoff * value[n - 1];
  int64_t first = 0;
  while (first < n && value[first] <= threshold) ++first;
  const Tensor scales = at::empty({n, 1}, gram.options());
  std::copy(scale.begin(), scale.end(), scales.mutable_data_ptr<double>());
  const Tensor factor = vectors.narrow(1, first, n - first).mul(ascending.narrow(0, first, n - first).rsqrt());
  return {factor.mul_(scales).contiguous(), rank(static_cast<double>(n - first - zeros))};
}

// products F F^T for S products at once, [S, n], in float64 and back.
Tensor gram_solve(const Tensor& products, const Tensor& factor) {
  return products.to(at::kDouble).mm(factor).mm(factor.t()).to(products.scalar_type());
}

// --- products with outer products ------------------------------------------------------------------------------------

void check_outer(const char* name, const Tensor& inputs, const Tensor& cotangents, const Tensor& vectors, int64_t start,
                 bool bias, const Tensor& weights) {
  check_rows(name, inputs);
  check_rows(name, cotangents);
  check_rows(name, vectors);
  const int64_t size = cotangents.size(1) * (inputs.size(1) + (bias ? 1 : 0));
  TORCH_CHECK(cotangents.size(0) == inputs.size(0) && start >= 0 && start + size <= vectors.size(1) &&
                  vectors.stride(1) == 1 && weights.sizes() == at::IntArrayRef({vectors.size(0), inputs.size(0)}),
              name,
              ": needed inputs [B, k], cotangents [B, m], vectors [S, D] with contiguous rows and weights [S, B],",
              " given ", inputs.sizes(), ", ", cotangents.sizes(), ", ", vectors.sizes(), ", ", weights.sizes(),
              " from column ", start);
}

// One vector's columns of the weight, [outputs, inputs], and of the bias, [outputs].
struct Layer {
  Tensor weight, bias;

  static Layer of(const Tensor& vectors, int64_t s, int64_t start, int64_t outputs, int64_t inputs, bool bias) {
    const int64_t at = vectors.storage_offset() + s * vectors.stride(0) + start;
    return {vectors.as_strided({outputs, inputs}, {inputs, 1}, at),
            bias ? vectors.as_strided({outputs}, {1}, at + outputs * inputs) : Tensor()};
  }
};

// products[s, b] += cotangents[b]^T (V_s inputs[b] + v_s)
Tensor& add_outer_products_(Tensor& self, const Tensor& inputs, const Tensor& cotangents, const Tensor& vectors,
                            int64_t start, bool bias) {
  check_outer("add_outer_products_", inputs, cotangents, vectors, start, bias, self);
  TORCH_CHECK(self.is_contiguous(), "add_outer_products_: needed contiguous sums");
  const int64_t batch = inputs.size(0), outputs = cotangents.size(1);
  const Tensor other = cotangents.contiguous();
  AT_DISPATCH_FLOATING_TYPES(self.scalar_type(), "add_outer_products_", [&] {
    for (int64_t s = 0; s < vectors.size(0); ++s) {
      const Layer layer = Layer::of(vectors, s, start, outputs, inputs.size(1), bias);
      const Tensor forward = bias ? at::addmm(layer.bias, inputs, layer.weight.t()) : inputs.mm(layer.weight.t());
      const scalar_t* left = forward.const_data_ptr<scalar_t>();
      const scalar_t* right = other.const_data_ptr<scalar_t>();
      scalar_t* sums = self.mutable_data_ptr<scalar_t>() + s * batch;
      const ImageLoops<scalar_t>& loops = image_loops<scalar_t>();
      for (int64_t b = 0; b < batch; ++b)
        loops.dots(left + b * outputs, outputs, right + b * outputs, outputs, 1, outputs, 1, sums + b, nullptr, false);
    }
  });
  return self;
}

// V_s += scale sum_b weights[s, b] cotangents[b] inputs[b]^T, v_s += scale sum_b weights[s, b] cotangents[b]
Tensor& add_outer_transpose_(Tensor& self, const Tensor& inputs, const Tensor& cotangents, const Tensor& weights,
                             int64_t start, bool bias, double scale) {
  check_outer("add_outer_transpose_", inputs, cotangents, self, start, bias, weights);
  for (int64_t s = 0; s < self.size(0); ++s) {
    Layer layer = Layer::of(self, s, start, cotangents.size(1), inputs.size(1), bias);
    const Tensor weighted = cotangents.mul(weights.select(0, s).unsqueeze(1));
    layer.weight.addmm_(weighted.t(), inputs, 1, scale);
    if (bias) layer.bias.add_(weighted.sum(0), scale);
  }
  return self;
}

// --- sums of vectors -------------------------------------------------------------------------------------------------

// base + a x + b y in one pass; a and b are 0-dimensional. base may be one vector for all.
Tensor combine(const Tensor& base, const Tensor& x, const Tensor& a, const Tensor& y, const Tensor& b) {
  TORCH_CHECK(x.sizes() == y.sizes() && x.dim() == 2 && base.dim() == 1 && base.size(0) == x.size(1) && a.dim() == 0 &&
                  b.dim() == 0 && x.scalar_type() == base.scalar_type() && y.scalar_type() == base.scalar_type(),
              "combine: needed base [D], x and y [S, D] of one type and two numbers, given ", base.sizes(), ", ",
              x.sizes(), ", ", y.sizes());
  const Tensor first = x.contiguous(), second = y.contiguous(), from = base.contiguous();
  Tensor result = at::empty(first.sizes(), first.options());
  AT_DISPATCH_FLOATING_TYPES(first.scalar_type(), "combine", [&] {
    const scalar_t left = a.item<scalar_t>(), right = b.item<scalar_t>();
    const scalar_t* p = first.const_data_ptr<scalar_t>();
    const scalar_t* q = second.const_data_ptr<scalar_t>();
    const scalar_t* start = from.const_data_ptr<scalar_t>();
    scalar_t* out = result.mutable_data_ptr<scalar_t>();
    const int64_t d = first.size(1);
    at::parallel_for(0, first.numel(), 16384, [&](int64_t begin, int64_t end) {
      int64_t at = begin;
      while (at < end) {
        const int64_t column = at % d;
        const int64_t count = std::min(end - at, d - column);
        for (int64_t i = 0; i < count; ++i) out[at + i] = start[column + i] + left * p[at + i] + right * q[at + i];
        at += count;
      }
    });
  });
  return result;
}

// The registrations last as long as the process. A second copy of this library uses those of the first.
[[maybe_unused]] const bool kRegistered = [] {
  if (c10::Dispatcher::singleton().findSchema({"viking::gram_factor", ""})) return false;
  static torch::Library definitions(torch::Library::FRAGMENT, "viking", std::nullopt, __FILE__, __LINE__);
  definitions.def("add_gram_(Tensor(a!) self, Tensor rows) -> Tensor(a!)");
  definitions.def("add_outer_gram_(Tensor(a!) self, Tensor inputs, Tensor cotangents, bool bias) -> Tensor(a!)");
  definitions.def("gram_factor(Tensor gram, float cutoff) -> (Tensor, Tensor)");
  definitions.def("gram_solve(Tensor products, Tensor factor) -> Tensor");
  definitions.def(
      "add_outer_products_(Tensor(a!) self, Tensor inputs, Tensor cotangents, Tensor vectors, int start, bool bias) -> "
      "Tensor(a!)");
  definitions.def(
      "add_outer_transpose_(Tensor(a!) self, Tensor inputs, Tensor cotangents, Tensor weights, int start, bool bias, "
      "float scale) -> Tensor(a!)");
  definitions.def("combine(Tensor base, Tensor x, Tensor a, Tensor y, Tensor b) -> Tensor");
  static torch::Library kernels(torch::Library::IMPL, "viking", c10::DispatchKey::CPU, __FILE__, __LINE__);
  kernels.impl("add_gram_", add_gram_);
  kernels.impl("add_outer_gram_", add_outer_gram_);
  kernels.impl("gram_factor", gram_factor);
  kernels.impl("gram_solve", gram_solve);
  kernels.impl("add_outer_products_", add_outer_products_);
  kernels.impl("add_outer_transpose_", add_outer_transpose_);
  kernels.impl("combine", combine);
  return true;
}();

}  // namespace
}  // namespace viking
