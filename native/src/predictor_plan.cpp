// Compiles layers to steps, repacks weights, runs one sample.
#include "predictor_plan.h"

#include <algorithm>
#include <cstring>

#include "errors.h"

namespace viking {

namespace {

[[noreturn]] void refuse(int32_t status, size_t layer, const std::string& what) {
  throw Failure(status, "layer " + std::to_string(layer) + ": " + what);
}

Activation activation_of(int32_t kind) {
  switch (kind) {
    case VK_LAYER_TANH:
      return Activation::kTanh;
    case VK_LAYER_RELU:
      return Activation::kRelu;
    case VK_LAYER_GELU_TANH:
      return Activation::kGeluTanh;
    case VK_LAYER_SILU:
      return Activation::kSilu;
    default:
      return Activation::kNone;
  }
}

// Sizes far beyond any network, so that products of a few of them cannot overflow.
constexpr int64_t kLargest = 1 << 20;

bool sane(int64_t size, int64_t least) { return size >= least && size <= kLargest; }

}  // namespace

Floats::Floats(int64_t count)
    : data_(static_cast<float*>(
          ::operator new[](sizeof(float) * static_cast<size_t>(std::max<int64_t>(count, 1)), std::align_val_t(64)))),
      count_(count) {
  std::fill_n(data_.get(), count, 0.0f);
}

Plan::Plan(const vk_layer* layers, int64_t num_layers, const int64_t* sizes, int64_t num_sizes, const float* parameters,
           int64_t samples, int64_t dimension, const float* mean)
    : samples_(samples), dimension_(dimension) {
  require(layers != nullptr && num_layers >= 1, VK_ERR_ARGUMENT, "layers: at least one is needed");
  require(sizes != nullptr && (num_sizes == 1 || num_sizes == 3), VK_ERR_ARGUMENT,
          "input_sizes: [features] or [channels, height, width] is needed");
  require(parameters != nullptr && samples >= 1 && samples <= kLargest && dimension >= 1, VK_ERR_ARGUMENT,
          "parameters: at least one sample of at least one parameter is needed");
  for (int64_t i = 0; i < num_sizes; ++i) require(sane(sizes[i], 1), VK_ERR_SHAPE, "input_sizes: out of range");
  const int64_t area = num_sizes == 3 ? sizes[1] * sizes[2] : 1;
  // A vector of n features is one channel of one row, so that a flattened image is one without being moved.
  input_ = num_sizes == 3 ? Layout{sizes[0], sizes[1], sizes[2], area} : Layout{1, 1, sizes[0], sizes[0]};
  At at{input_};
  std::vector<Block> blocks;
  for (int64_t i = 0; i < num_layers; ++i) add(layers[i], at, blocks);
  require(!steps_.empty(), VK_ERR_ARGUMENT, "layers: at least one with parameters is needed");
  require(blocks.empty(), VK_ERR_ARGUMENT, "layers: a residual block has no end");
  require(at.layout.channels == 1 && at.layout.height == 1, VK_ERR_SHAPE, "the last layer does not give a vector");
  for (size_t i = 0; i < steps_.size(); ++i)
    if (steps_[i].kind == StepKind::kNorm)
      steps_[i].epsilon = (mean != nullptr ? mean : parameters)[sources_[i].stride];
  assign_slots();
  for (const Step& step : steps_) {
    widest_ = std::max(widest_, step.out.floats());
    if (step.kind == StepKind::kConv) tiles_ = std::max(tiles_, step.tiles);
    if (step.kind == StepKind::kConv && !step.direct)
      columns_ = std::max(columns_, static_cast<int64_t>(step.offsets.size()) * step.tiles * kPanel);
  }
  // Two blocks of examples where activations stay in the first cache, one where they do not.
  chunk_ = widest_ <= 1024 ? 2 * kRows : kRows;
  sample_floats_ = round_up(sample_floats_, kPanel);
  packed_ = Floats(sample_floats_ * samples_ + kPanel);
  for (int64_t s = 0; s < samples_; ++s) pack(parameters + s * dimension_, packed_.data() + s * sample_floats_);
  if (mean == nullptr) return;
  mean_ = Floats(sample_floats_ + kPanel);
  pack(mean, mean_.data());
  zeros_ = Floats(widest_);
}

void Plan::push(Step step, const vk_layer& layer, At& at) {
  step.input = at.step;
  step.moves = step.has_weights();
  for (const int64_t read : {step.input, step.other})
    step.moves = step.moves || (read >= 0 && steps_[static_cast<size_t>(read)].moves);
  at.layout = step.out;
  at.step = static_cast<int64_t>(steps_.size());
  at.padded = step.kind == StepKind::kPanels || step.kind == StepKind::kDot;
  at.fusable = step.kind != StepKind::kActivation && step.kind != StepKind::kCopy;
  steps_.push_back(std::move(step));
  sources_.push_back(layer);
}

void Plan::add(const vk_layer& layer, At& at, std::vector<Block>& blocks) {
  const size_t index = sources_.size();
  Step step{};
  step.in = at.layout;
  switch (layer.kind) {
    case VK_LAYER_LINEAR:
      return add_linear(layer, at);
    case VK_LAYER_CONV2D:
      return add_conv(layer, at);
    case VK_LAYER_MAX_POOL2D:
    case VK_LAYER_AVG_POOL2D:
      return add_pool(layer, at);
    case VK_LAYER_NORM:
    case VK_LAYER_RMS_NORM:
      return add_norm(layer, at);
    case VK_LAYER_BLOCK:
      at.fusable = false;
      blocks.push_back(Block{at, at, true});
      return;
    case VK_LAYER_SHORTCUT:
      if (blocks.empty() || !blocks.back().in_body) refuse(VK_ERR_ARGUMENT, index, "a shortcut without a block");
      blocks.back().body = at;
      blocks.back().in_body = false;
      at = blocks.back().start;
      return;
    case VK_LAYER_SUM:
      return add_sum(layer, at, blocks);
    case VK_LAYER_MEAN2D:
      step.kind = StepKind::kMean;
      step.out = Layout{1, 1, at.layout.channels, at.layout.channels};
      return push(step, layer, at);
    case VK_LAYER_FLATTEN: {
      const Layout flat{1, 1, at.layout.used(), at.layout.used()};
      if (!at.layout.packed()) {
        step.kind = StepKind::kCopy;
        step.out = flat;
        push(step, layer, at);
      }
      at.layout = flat;
      return;
    }
    case VK_LAYER_TANH:
    case VK_LAYER_RELU:
    case VK_LAYER_GELU_TANH:
    case VK_LAYER_SILU:
      // Fused with the step before it, unless that has one already or others read what it gives.
      if (at.fusable && steps_[static_cast<size_t>(at.step)].activation == Activation::kNone) {
        steps_[static_cast<size_t>(at.step)].activation = activation_of(layer.kind);
        return;
      }
      step.kind = StepKind::kActivation;
      step.activation = activation_of(layer.kind);
      step.out = at.layout;
      return push(step, layer, at);
    default:
      refuse(VK_ERR_UNSUPPORTED, index, "kind " + std::to_string(layer.kind) + " is not one of vk_layer_kind");
  }
}

void Plan::add_sum(const vk_layer& layer, At& at, std::vector<Block>& blocks) {
  const size_t index = sources_.size();
  if (blocks.empty() || blocks.back().in_body) refuse(VK_ERR_ARGUMENT, index, "a sum without body and shortcut");
  const At body = blocks.back().body;
  blocks.pop_back();
  const Layout& a = body.layout;
  const Layout& b = at.layout;
  if (a.channels != b.channels || a.height != b.height || a.width != b.width)
    refuse(VK_ERR_SHAPE, index, "sum: body and shortcut have different shapes");
  Step step{};
  step.kind = StepKind::kSum;
  step.in = step.out = a;
  step.other = at.step;
  step.other_in = b;
  at = body;
  push(step, layer, at);
}

void Plan::add_norm(const vk_layer& layer, At& at) {
  const size_t index = sources_.size();
  Step step{};
  step.kind = StepKind::kNorm;
  step.in = step.out = at.layout;
  const bool vector = at.layout.channels == 1 && at.layout.height == 1;
  const int64_t weights = vector ? at.layout.used() : at.layout.channels;
  if (layer.outputs != weights || !sane(layer.kernel, 1) || (vector ? 1 : weights) % layer.kernel != 0)
    refuse(VK_ERR_SHAPE, index, "norm: it is for other inputs");
  if (outside(layer, 1) || layer.stride < 0 || layer.stride >= dimension_)
    refuse(VK_ERR_SHAPE, index, "norm: weight, bias or epsilon lies outside the parameters");
  step.groups = layer.kernel;
  step.centred = layer.kind == VK_LAYER_NORM;
  step.weight = sample_floats_;
  step.bias = step.weight + round_up(weights, kPanel);
  sample_floats_ = step.bias + round_up(weights, kPanel);
  push(step, layer, at);
}

void Plan::assign_slots() {
  std::vector<int64_t> last(steps_.size(), -1);  // who reads each output last
  for (size_t i = 0; i < steps_.size(); ++i)
    for (const int64_t read : {steps_[i].input, steps_[i].other})
      if (read >= 0) last[static_cast<size_t>(read)] = static_cast<int64_t>(i);
  last.back() = static_cast<int64_t>(steps_.size());
  for (size_t i = 0; i < steps_.size(); ++i) {
    std::vector<bool> taken(i + 1, false);
    for (size_t j = 0; j < i; ++j)
      if (last[j] >= static_cast<int64_t>(i)) taken[static_cast<size_t>(steps_[j].slot)] = true;
    steps_[i].slot = std::find(taken.begin(), taken.end(), false) - taken.begin();
    slots_ = std::max(slots_, steps_[i].slot + 1);
  }
}

bool Plan::outside(const vk_layer& layer, int64_t inputs) const {
  return layer.weight < 0 || layer.weight > dimension_ - layer.outputs * inputs || layer.bias < -1 ||
         layer.bias > dimension_ - layer.outputs;
}

void Plan::add_linear(const vk_layer& layer, At& place) {
  const size_t index = sources_.size();
  const Layout& at = place.layout;
  if (at.channels != 1 || at.height != 1) refuse(VK_ERR_SHAPE, index, "linear: a vector is needed (flatten first)");
  const int64_t in = at.used();
  if (!sane(layer.outputs, 1)) refuse(VK_ERR_SHAPE, index, "linear: outputs out of range");
  if (outside(layer, in)) refuse(VK_ERR_SHAPE, index, "linear: weight or bias lies outside the parameters");
  Step step{};
  // A few outputs fill no panel; a row at a time reads less. Needs zeros behind the input's end.
  step.kind = place.padded && layer.outputs <= 4 ? StepKind::kDot : StepKind::kPanels;
  step.in = at;
  step.out = Layout{1, 1, layer.outputs, round_up(layer.outputs, kPanel)};
  const int64_t rows = step.kind == StepKind::kDot ? round_up(in, kPanel) : in;
  const int64_t columns = step.kind == StepKind::kDot ? layer.outputs : round_up(layer.outputs, kPanel);
  step.weight = sample_floats_;
  step.bias = round_up(step.weight + rows * columns, kPanel);
  sample_floats_ = step.bias + round_up(layer.outputs, kPanel);
  operations_ += in * layer.outputs;
  push(std::move(step), layer, place);
}

void Plan::add_conv(const vk_layer& layer, At& place) {
  const size_t index = sources_.size();
  const Layout& at = place.layout;
  if (!sane(layer.outputs, 1) || !sane(layer.kernel, 1) || !sane(layer.stride, 1) || !sane(layer.padding, 0))
    refuse(VK_ERR_SHAPE, index, "convolution: a size is out of range");
  const int64_t height = (at.height + 2 * layer.padding - layer.kernel) / layer.stride + 1;
  const int64_t width = (at.width + 2 * layer.padding - layer.kernel) / layer.stride + 1;
  if (at.height + 2 * layer.padding < layer.kernel || at.width + 2 * layer.padding < layer.kernel)
    refuse(VK_ERR_SHAPE, index, "convolution: the input is smaller than the kernel");
  const int64_t k = at.channels * layer.kernel * layer.kernel;
  if (outside(layer, k)) refuse(VK_ERR_SHAPE, index, "convolution: weight or bias lies outside the parameters");
  Step step{};
  step.kind = StepKind::kConv;
  step.in = at;
  step.kernel = layer.kernel;
  step.stride = layer.stride;
  step.padding = layer.padding;
  step.tiles = round_up(height * width, kPanel) / kPanel;
  step.out = Layout{layer.outputs, height, width, step.tiles * kPanel};
  step.direct = layer.stride == 1 && layer.padding == 0 && width % 8 == 0;
  const int64_t positions = step.tiles * kPanel;
  for (int64_t c = 0; c < at.channels; ++c)
    for (int64_t y = 0; y < layer.kernel; ++y)
      for (int64_t x = 0; x < layer.kernel; ++x)
        step.offsets.push_back(step.direct ? c * at.stride + y * at.width + x
                                           : static_cast<int64_t>(step.offsets.size()) * positions);
  for (int64_t t = 0; t < step.tiles; ++t) {
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t position = t * kPanel + half * 8;
      // A half beyond the last position computes the first one again; nothing reads it.
      const int64_t inside = position < height * width ? position : 0;
      const int64_t start = step.direct ? inside / width * at.width + inside % width : position;
      (half == 0 ? step.left : step.right).push_back(start);
    }
  }
  step.weight = sample_floats_;
  step.bias = round_up(step.weight + layer.outputs * k, kPanel);
  sample_floats_ = step.bias + round_up(layer.outputs, kPanel);
  operations_ += height * width * layer.outputs * k;
  push(std::move(step), layer, place);
}

void Plan::add_pool(const vk_layer& layer, At& place) {
  const size_t index = sources_.size();
  const Layout& at = place.layout;
  if (!sane(layer.kernel, 1) || !sane(layer.stride, 1) || at.height < layer.kernel || at.width < layer.kernel)
    refuse(VK_ERR_SHAPE, index, "pooling: a size is out of range");
  Step step{};
  step.kind = StepKind::kPool;
  step.mean = layer.kind == VK_LAYER_AVG_POOL2D;
  step.kernel = layer.kernel;
  step.stride = layer.stride;
  step.in = at;
  const int64_t height = (at.height - layer.kernel) / layer.stride + 1;
  const int64_t width = (at.width - layer.kernel) / layer.stride + 1;
  step.out = Layout{at.channels, height, width, height * width};
  push(step, layer, place);
}

void Plan::pack(const float* parameters, float* packed) const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (!step.has_weights()) continue;
    const float* weight = parameters + sources_[i].weight;
    const int64_t out = sources_[i].outputs;
    float* to = packed + step.weight;
    if (step.kind == StepKind::kNorm) {
      std::copy_n(weight, out, to);
      if (sources_[i].bias >= 0) std::copy_n(parameters + sources_[i].bias, out, packed + step.bias);
      continue;
    }
    const int64_t in = step.kind == StepKind::kConv ? static_cast<int64_t>(step.offsets.size()) : step.in.used();
    for (int64_t o = 0; o < out; ++o)
      for (int64_t k = 0; k < in; ++k) {
        const float value = weight[o * in + k];
        if (step.kind == StepKind::kPanels) {
          to[(o / kPanel * in + k) * kPanel + o % kPanel] = value;
        } else if (step.kind == StepKind::kDot) {
          to[o * round_up(in, kPanel) + k] = value;
        } else {
          const int64_t first = o / kRows * kRows;
          to[first * in + k * std::min(kRows, out - first) + (o - first)] = value;
        }
      }
    // Without a bias the zeros that are there already are added.
    if (sources_[i].bias >= 0) std::copy_n(parameters + sources_[i].bias, out, packed + step.bias);
  }
}

Scratch Plan::scratch() const {
  Scratch scratch;
  for (int64_t i = 0; i < slots_; ++i) scratch.slots.emplace_back(chunk_ * widest_);
  scratch.product = Floats(linearised() ? chunk_ * widest_ : 0);
  scratch.columns = Floats(columns_);
  scratch.left.resize(static_cast<size_t>(tiles_));
  scratch.right.resize(static_cast<size_t>(tiles_));
  return scratch;
}

void Plan::conv(const Step& step, const float* weights, const float* bias, const float* in, Scratch& scratch,
                float* out, Activation activation) const {
  const float* base = in;
  const int64_t k = static_cast<int64_t>(step.offsets.size());
  if (!step.direct) {
    float* columns = scratch.columns.data();
    const int64_t positions = step.tiles * kPanel;
    for (int64_t c = 0, row = 0; c < step.in.channels; ++c)
      for (int64_t ky = 0; ky < step.kernel; ++ky)
        for (int64_t kx = 0; kx < step.kernel; ++kx, ++row) {
          float* to = columns + row * positions;
          for (int64_t y = 0; y < step.out.height; ++y) {
            const int64_t from_y = y * step.stride + ky - step.padding;
            const bool inside = from_y >= 0 && from_y < step.in.height;
            const float* from = in + c * step.in.stride + from_y * step.in.width;
            for (int64_t x = 0; x < step.out.width; ++x) {
              const int64_t from_x = x * step.stride + kx - step.padding;
              to[y * step.out.width + x] = inside && from_x >= 0 && from_x < step.in.width ? from[from_x] : 0.0f;
            }
          }
        }
    base = columns;
  }
  for (size_t t = 0; t < static_cast<size_t>(step.tiles); ++t) {
    scratch.left[t] = base + step.left[t];
    scratch.right[t] = base + step.right[t];
  }
  predictor_kernels().conv(scratch.left.data(), scratch.right.data(), step.tiles, step.offsets.data(), k, weights, bias,
                           step.out.channels, out, step.out.stride, activation);
}

void Plan::apply(const Step& step, const float* weights, const float* bias, const float* in, int64_t in_stride,
                 int64_t count, Scratch& scratch, float* out, Activation activation) const {
  const PredictorKernels& kernels = predictor_kernels();
  const int64_t out_stride = step.out.floats();
  if (step.kind == StepKind::kPanels) {
    kernels.linear(in, in_stride, count, weights, bias, step.in.used(), step.out.width, out, out_stride, activation);
  } else if (step.kind == StepKind::kDot) {
    kernels.dot(in, in_stride, count, weights, bias, round_up(step.in.used(), kPanel), step.out.width, out, out_stride,
                activation);
  } else if (step.kind == StepKind::kNorm) {
    for (int64_t e = 0; e < count; ++e) {
      step.norm(in + e * in_stride, weights, bias, out + e * out_stride);
      if (activation != Activation::kNone)
        kernels.activate(out + e * out_stride, step.out.channels * step.out.stride, activation);
    }
  } else {
    for (int64_t e = 0; e < count; ++e)
      conv(step, weights, bias, in + e * in_stride, scratch, out + e * out_stride, activation);
  }
}

void Plan::write(const float* out, int64_t out_stride, int64_t count, int64_t sample, float* logits) const {
  const int64_t classes = outputs();
  const int64_t padded = padded_samples();
  for (int64_t e = 0; e < count; ++e)
    for (int64_t c = 0; c < classes; ++c) logits[(e * classes + c) * padded + sample] = out[e * out_stride + c];
}

void Plan::move(const Step& step, const float* in, const float* other, float* out) const {
  switch (step.kind) {
    case StepKind::kPool:
      for (int64_t c = 0; c < step.in.channels; ++c)
        predictor_kernels().pool(in + c * step.in.stride, step.in.width, step.kernel, step.stride, step.out.height,
                                 step.out.width, out + c * step.out.stride, step.mean);
      return;
    case StepKind::kSum:
      return step.sum(in, other, out);
    case StepKind::kMean:
      return step.channel_means(in, out);
    case StepKind::kCopy:
      return step.flatten(in, out);
    default: {
      // The values may lie in the caller's memory, without room behind them.
      const int64_t floats = step.in.channels == 1 ? step.in.used() : step.in.channels * step.in.stride;
      std::memcpy(out, in, sizeof(float) * static_cast<size_t>(floats));
    }
  }
}

void Plan::run(int64_t sample, const float* inputs, int64_t count, Scratch& scratch, float* logits) const {
  const PredictorKernels& kernels = predictor_kernels();
  const float* weights = packed_.data() + sample * sample_floats_;
  const auto output_of = [&](int64_t step) {
    return step < 0 ? inputs : scratch.slots[static_cast<size_t>(steps_[step].slot)].data();
  };
  for (const Step& step : steps_) {
    const float* in = output_of(step.input);
    const int64_t in_stride = stride_of(step.input);
    float* out = scratch.slots[static_cast<size_t>(step.slot)].data();
    const int64_t out_stride = step.out.floats();
    if (step.has_weights()) {
      apply(step, weights + step.weight, weights + step.bias, in, in_stride, count, scratch, out, step.activation);
      continue;
    }
    const float* other = output_of(step.other);
    const int64_t other_stride = stride_of(step.other);
    for (int64_t e = 0; e < count; ++e) {
      move(step, in + e * in_stride, other + e * other_stride, out + e * out_stride);
      if (step.activation != Activation::kNone)
        kernels.activate(out + e * out_stride, step.out.channels * step.out.stride, step.activation);
    }
  }
  const Step& last = steps_.back();
  write(scratch.slots[static_cast<size_t>(last.slot)].data(), last.out.floats(), count, sample, logits);
}

std::string Plan::describe() const {
  std::string text = std::string("kernels=") + predictor_kernels().name +
                     "\nform=" + (linearised() ? "linearised" : "sampled") + "\nsamples=" + std::to_string(samples_) +
                     "\ninputs=" + std::to_string(inputs()) + "\noutputs=" + std::to_string(outputs()) +
                     "\nbytes=" + std::to_string(packed_bytes()) + "\noperations=" + std::to_string(operations_) +
                     "\nsteps=";
  for (const Step& step : steps_) {
    static const char* const kNames[] = {"linear", "dot", "conv", "pool", "activation", "copy", "sum", "mean", "norm"};
    if (text.back() != '=') text += ' ';
    text += kNames[static_cast<int>(step.kind)];
    if (step.kind == StepKind::kConv) text += step.direct ? "(direct)" : "(im2col)";
  }
  return text;
}

}  // namespace viking
