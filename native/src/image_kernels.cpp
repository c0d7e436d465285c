// Kernels over images that the structured derivatives use on the CPU, as operators of the library "viking": pooling of
// 2x2 tiles, and windows as columns of matrices. libtorch's own take a branch for each value (pooling) or copy element
// by element along the shortest side (strided copies), at several times the cost. They are plain kernels without rules
// for transforms: only the derivatives in Java call them, on plain tensors.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <tuple>

#include "image_loops.h"

namespace viking {
namespace {

using at::Tensor;

// Work that a thread should have at least, in elements copied: below, waking it costs more than it does.
constexpr int64_t kGrain = 16384;

int64_t grain(int64_t elements_each) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, elements_each)); }

// --- pooling of 2x2 tiles --------------------------------------------------------------------------------------------

void check_images(const char* name, const Tensor& images) {
  TORCH_CHECK(images.dim() == 4, name, ": needed [B, channels, rows, columns], given ", images.sizes());
}

std::tuple<Tensor, Tensor> max_pool2x2(const Tensor& given) {
  check_images("max_pool2x2", given);
  const int64_t rows = given.size(2) / 2, tiles = given.size(3) / 2;
  TORCH_CHECK(2 * rows == given.size(2) && 2 * tiles == given.size(3), "max_pool2x2: needed even sizes, given ",
              given.sizes());
  const Tensor images = given.contiguous();
  const std::array<int64_t, 4> sizes{images.size(0), images.size(1), rows, tiles};
  Tensor values = at::empty(sizes, images.options());
  Tensor places = at::empty(sizes, images.options().dtype(at::kByte));
  AT_DISPATCH_FLOATING_TYPES(images.scalar_type(), "max_pool2x2", [&] {
    const ImageLoops<scalar_t>& loops = image_loops<scalar_t>();
    const scalar_t* in = images.const_data_ptr<scalar_t>();
    scalar_t* out = values.mutable_data_ptr<scalar_t>();
    uint8_t* place = places.mutable_data_ptr<uint8_t>();
    at::parallel_for(0, sizes[0] * sizes[1] * rows, grain(4 * tiles), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const scalar_t* top = in + 4 * r * tiles;
        loops.pool_row(top, top + 2 * tiles, out + r * tiles, place + r * tiles, tiles);
      }
    });
  });
  return {values, places};
}

// `groups` cotangents for each image, one after the other.
Tensor max_pool2x2_backward(const Tensor& given, const Tensor& places, int64_t groups) {
  check_images("max_pool2x2_backward", given);
  TORCH_CHECK(places.scalar_type() == at::kByte && places.is_contiguous() && places.dim() == 4 && groups > 0 &&
                  given.size(0) == groups * places.size(0) && given.sizes().slice(1) == places.sizes().slice(1),
              "max_pool2x2_backward: needed ", groups, " cotangents for each of ", places.sizes(), ", given ",
              given.sizes());
  const Tensor cotangent = given.contiguous();
  const int64_t rows = given.size(2), tiles = given.size(3), image = given.size(1) * rows;
  Tensor result = at::empty({given.size(0), given.size(1), 2 * rows, 2 * tiles}, given.options());
  AT_DISPATCH_FLOATING_TYPES(given.scalar_type(), "max_pool2x2_backward", [&] {
    const ImageLoops<scalar_t>& loops = image_loops<scalar_t>();
    const scalar_t* in = cotangent.const_data_ptr<scalar_t>();
    const uint8_t* place = places.const_data_ptr<uint8_t>();
    scalar_t* out = result.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, given.size(0) * image, grain(4 * tiles), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t source = r / image / groups * image + r % image;
        scalar_t* top = out + 4 * r * tiles;
        loops.scatter_row(in + r * tiles, place + source * tiles, top, top + 2 * tiles, tiles);
      }
    });
  });
  return result;
}

Tensor max_pool2x2_tangent(const Tensor& given, const Tensor& places) {
  check_images("max_pool2x2_tangent", given);
  const int64_t rows = given.size(2) / 2, tiles = given.size(3) / 2;
  const std::array<int64_t, 4> sizes{given.size(0), given.size(1), rows, tiles};
  TORCH_CHECK(places.scalar_type() == at::kByte && places.is_contiguous() && places.sizes() == at::IntArrayRef(sizes) &&
                  2 * rows == given.size(2) && 2 * tiles == given.size(3),
              "max_pool2x2_tangent: needed images of twice the size of ", places.sizes(), ", given ", given.sizes());
  const Tensor tangent = given.contiguous();
  Tensor values = at::empty(sizes, given.options());
  AT_DISPATCH_FLOATING_TYPES(given.scalar_type(), "max_pool2x2_tangent", [&] {
    const ImageLoops<scalar_t>& loops = image_loops<scalar_t>();
    const scalar_t* in = tangent.const_data_ptr<scalar_t>();
    const uint8_t* place = places.const_data_ptr<uint8_t>();
    scalar_t* out = values.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, sizes[0] * sizes[1] * rows, grain(4 * tiles), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const scalar_t* top = in + 4 * r * tiles;
        loops.gather_row(top, top + 2 * tiles, place + r * tiles, out + r * tiles, tiles);
      }
    });
  });
  return values;
}

// --- windows ---------------------------------------------------------------------------------------------------------

struct Window {
  int64_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
  int64_t top, bottom, left, right;

  static Window of(at::IntArrayRef numbers) {
    TORCH_CHECK(
        numbers.size() == 10 &&
            std::all_of(numbers.begin(), numbers.begin() + 6, [](int64_t number) { return number > 0; }) &&
            std::all_of(numbers.begin() + 6, numbers.end(), [](int64_t number) { return number >= 0; }),
        "window: needed kernel, stride, dilation (each rows, columns; positive) and padding (top, bottom, left, "
        "right), given ",
        numbers);
    return {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4],
            numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]};
  }

  // How many windows there are along an image's rows (or columns).
  static int64_t count(int64_t size, int64_t padding, int64_t kernel, int64_t dilation, int64_t stride) {
    const int64_t room = size + padding - (kernel - 1) * dilation - 1;
    TORCH_CHECK(room >= 0, "window: none fits into images of size ", size);
    return room / stride + 1;
  }
  int64_t rows(int64_t height) const {
    return count(height, top + bottom, kernel_height, dilation_height, stride_height);
  }
  int64_t columns(int64_t width) const {
    return count(width, left + right, kernel_width, dilation_width, stride_width);
  }
};

// The windows along one side of an image for which an element of the kernel lies inside the image.
struct Inside {
  int64_t first, count;
  int64_t start;  // the place in the image under the first one

  static Inside of(int64_t element, int64_t dilation, int64_t padding, int64_t stride, int64_t size, int64_t windows) {
    const int64_t offset = element * dilation - padding;
    const int64_t first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    const int64_t last = offset >= size ? 0 : std::min(windows, (size - 1 - offset) / stride + 1);
    if (first >= last) return {0, 0, 0};
    return {first, last - first, offset + first * stride};
  }
};

// Where one element of the kernel lies in all windows of an image.
struct Tap {
  Inside down, across;

  static Tap of(const Window& window, int64_t tap, at::IntArrayRef image, int64_t rows, int64_t columns) {
    return {
        Inside::of(tap / window.kernel_width, window.dilation_height, window.top, window.stride_height, image[0], rows),
        Inside::of(tap % window.kernel_width, window.dilation_width, window.left, window.stride_width, image[1],
                   columns)};
  }
  bool everywhere(int64_t rows, int64_t columns) const { return down.count == rows && across.count == columns; }
};

// [B, channels, height, width] -> [B, channels * kernel, windows]
Tensor columns(const Tensor& given, at::IntArrayRef numbers) {
  check_images("columns", given);
  const Window window = Window::of(numbers);
  const Tensor images = given.contiguous();
  const int64_t height = images.size(2), width = images.size(3);
  const int64_t rows = window.rows(height), columns = window.columns(width);
  const int64_t taps = window.kernel_height * window.kernel_width, windows = rows * columns;
  Tensor result = at::empty({images.size(0), images.size(1) * taps, windows}, images.options());
  AT_DISPATCH_FLOATING_TYPES(images.scalar_type(), "columns", [&] {
    const ImageLoops<scalar_t>& loops = image_loops<scalar_t>();
    const scalar_t* in = images.const_data_ptr<scalar_t>();
    scalar_t* out = result.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, result.size(0) * result.size(1), grain(windows), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Tap tap = Tap::of(window, i % taps, {height, width}, rows, columns);
        scalar_t* to = out + i * windows;
        if (!tap.everywhere(rows, columns)) std::fill_n(to, windows, scalar_t(0));
        loops.copy_rows(in + (i / taps * height + tap.down.start) * width + tap.across.start,
                        window.stride_height * width, window.stride_width, tap.down.count, tap.across.count,
                        to + tap.down.first * columns + tap.across.first, columns);
      }
    });
  });
  return result;
}

// The transpose of `columns`: adds windows up where they overlap.
Tensor images(const Tensor& given, at::IntArrayRef numbers, int64_t channels, int64_t height, int64_t width) {
  const Window window = Window::of(numbers);
  const int64_t rows = window.rows(height), columns = window.columns(width);
  const int64_t taps = window.kernel_height * window.kernel_width, windows = rows * columns;
  TORCH_CHECK(given.dim() == 3 && given.size(1) == channels * taps && given.size(2) == windows, "images: needed [B, ",
              channels * taps, ", ", windows, "], given ", given.sizes());
  const Tensor source = given.contiguous();
  Tensor result = at::zeros({given.size(0), channels, height, width}, given.options());
  AT_DISPATCH_FLOATING_TYPES(given.scalar_type(), "images", [&] {
    const ImageLoops<scalar_t>& loops = image_loops<scalar_t>();
    const scalar_t* in = source.const_data_ptr<scalar_t>();
    scalar_t* out = result.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, given.size(0) * channels, grain(taps * windows), [&](int64_t begin, int64_t end) {
      for (int64_t plane = begin; plane < end; ++plane) {
        for (int64_t t = 0; t < taps; ++t) {
          const Tap tap = Tap::of(window, t, {height, width}, rows, columns);
          loops.add_rows(in + (plane * taps + t) * windows + tap.down.first * columns + tap.across.first, columns,
                         tap.down.count, tap.across.count,
                         out + (plane * height + tap.down.start) * width + tap.across.start,
                         window.stride_height * width, window.stride_width);
        }
      }
    });
  });
  return result;
}

// --- products of many small matrices ---------------------------------------------------------------------------------

// A batch of matrices whose rows, or whose columns, are contiguous; one matrix for all is a batch of stride 0.
struct Matrices {
  Tensor tensor;
  int64_t batch, row, column;  // strides

  static Matrices of(const Tensor& given, const char* name) {
    TORCH_CHECK(given.dim() == 3, "bmm: ", name, " has shape ", given.sizes(), "; needed three dimensions");
    const bool usable = given.stride(2) == 1 || given.stride(1) == 1;
    const Tensor tensor = usable ? given : given.contiguous();
    return {tensor, tensor.size(0) == 1 ? 0 : tensor.stride(0), tensor.stride(1), tensor.stride(2)};
  }
};

// result[i] += left[i] right[i], or = where it is fresh: then beginning with bias[i] in all columns, or 0.
void multiply(const Tensor& left, const Tensor& right, const std::optional<Tensor>& bias, Tensor& result, bool fresh) {
  const int64_t batch = right.size(0), rows = left.size(1), inner = left.size(2), columns = right.size(2);
  TORCH_CHECK(left.scalar_type() == right.scalar_type() && result.scalar_type() == left.scalar_type(),
              "bmm: left holds ", left.scalar_type(), ", right ", right.scalar_type(), "; needed the same");
  TORCH_CHECK((left.size(0) == batch || left.size(0) == 1) && right.size(1) == inner, "bmm: left has shape ",
              left.sizes(), ", right ", right.sizes(), "; needed [B or 1, m, k] and [B, k, n]");
  Matrices a = Matrices::of(left, "left");
  Matrices b = Matrices::of(right, "right");
  const bool dots = b.column != 1;
  if (dots && a.column != 1) a = Matrices::of(left.contiguous(), "left");
  Tensor start;
  if (bias) {
    TORCH_CHECK((bias->dim() == 1 || bias->size(0) == batch || bias->size(0) == 1) && bias->size(-1) == rows &&
                    bias->dim() <= 2,
                "bmm: bias has shape ", bias->sizes(), "; needed [m], [1, m] or [B, m] with m ", rows);
    start = bias->to(left.scalar_type()).contiguous();
  }
  AT_DISPATCH_FLOATING_TYPES(left.scalar_type(), "bmm", [&] {
    const ImageLoops<scalar_t>& loops = image_loops<scalar_t>();
    const scalar_t* first = a.tensor.const_data_ptr<scalar_t>();
    const scalar_t* second = b.tensor.const_data_ptr<scalar_t>();
    const scalar_t* offset = bias ? start.const_data_ptr<scalar_t>() : nullptr;
    const int64_t offset_stride = bias && start.dim() == 2 && start.size(0) > 1 ? rows : 0;
    scalar_t* out = result.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, batch, grain(rows * inner * columns / 8), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        scalar_t* to = out + i * rows * columns;
        const scalar_t* each = offset ? offset + i * offset_stride : nullptr;
        if (dots) {
          loops.dots(first + i * a.batch, a.row, second + i * b.batch, b.column, rows, inner, columns, to, each, fresh);
        } else {
          loops.product(first + i * a.batch, a.row, a.column, second + i * b.batch, b.row, rows, inner, columns, to,
                        each, fresh);
        }
      }
    });
  });
}

Tensor bmm(const Tensor& left, const Tensor& right, const std::optional<Tensor>& bias) {
  TORCH_CHECK(left.dim() == 3 && right.dim() == 3, "bmm: left has shape ", left.sizes(), ", right ", right.sizes(),
              "; needed three dimensions each");
  Tensor result = at::empty({right.size(0), left.size(1), right.size(2)}, right.options());
  multiply(left, right, bias, result, true);
  return result;
}

Tensor& baddbmm_(Tensor& self, const Tensor& left, const Tensor& right) {
  TORCH_CHECK(left.dim() == 3 && right.dim() == 3 && self.is_contiguous() &&
                  self.sizes() == at::IntArrayRef({right.size(0), left.size(1), right.size(2)}),
              "baddbmm_: self has shape ", self.sizes(), ", left ", left.sizes(), ", right ", right.sizes(),
              "; needed [B, m, n] contiguous, [B or 1, m, k] and [B, k, n]");
  multiply(left, right, std::nullopt, self, false);
  return self;
}

// The registrations last as long as the process. A second copy of this library uses those of the first.
[[maybe_unused]] const bool kRegistered = [] {
  if (c10::Dispatcher::singleton().findSchema({"viking::columns", ""})) return false;
  static torch::Library definitions(torch::Library::FRAGMENT, "viking", std::nullopt, __FILE__, __LINE__);
  definitions.def("max_pool2x2(Tensor images) -> (Tensor, Tensor)");
  definitions.def("max_pool2x2_backward(Tensor cotangent, Tensor places, int groups) -> Tensor");
  definitions.def("max_pool2x2_tangent(Tensor tangent, Tensor places) -> Tensor");
  definitions.def("columns(Tensor images, int[] window) -> Tensor");
  definitions.def("images(Tensor columns, int[] window, int channels, int height, int width) -> Tensor");
  definitions.def("bmm(Tensor left, Tensor right, Tensor? bias) -> Tensor");
  definitions.def("baddbmm_(Tensor(a!) self, Tensor left, Tensor right) -> Tensor(a!)");
  static torch::Library kernels(torch::Library::IMPL, "viking", c10::DispatchKey::CPU, __FILE__, __LINE__);
  kernels.impl("max_pool2x2", max_pool2x2);
  kernels.impl("max_pool2x2_backward", max_pool2x2_backward);
  kernels.impl("max_pool2x2_tangent", max_pool2x2_tangent);
  kernels.impl("columns", columns);
  kernels.impl("images", images);
  kernels.impl("bmm", bmm);
  kernels.impl("baddbmm_", baddbmm_);
  return true;
}();

}  // namespace
}  // namespace viking
