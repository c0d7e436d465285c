// A network as a list of steps over repacked weights, and how one sample of it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "predictor_kernels.h"
#include "viking_native.h"

namespace viking {

// Floats on cache lines of their own, zero at first.
class Floats {
 public:
  Floats() = default;
  explicit Floats(int64_t count);
  float* data() const { return data_.get(); }
  int64_t size() const { return count_; }

 private:
  struct Free {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t(64)); }
  };
  std::unique_ptr<float[], Free> data_;
  int64_t count_ = 0;
};

enum class StepKind { kPanels, kDot, kConv, kPool, kActivation, kCopy, kSum, kMean, kNorm };

// Rows of an example's activations: `channels` of them, `stride` floats apart, height * width used.
struct Layout {
  int64_t channels, height, width, stride;
  int64_t used() const { return channels * height * width; }
  int64_t floats() const { return round_up(channels * stride, kPanel) + kPanel; }
  bool packed() const { return stride == height * width; }
};

struct Step {
  StepKind kind;
  Activation activation = Activation::kNone;
  Layout in, out;
  int64_t input = -1;    // the step whose output is read; -1: the network's input
  int64_t slot = 0;      // which of the scratch memory's buffers the output goes to
  int64_t other = -1;    // of a sum: the second step that is read
  Layout other_in{};     // and how its output lies
  int64_t groups = 1;    // of a norm
  bool moves = false;    // its output depends on the parameters
  bool centred = false;  // a norm that subtracts the mean
  float epsilon = 0;     // what a norm adds to the variance
  int64_t kernel = 0, stride = 0, padding = 0;
  bool mean = false;             // of a pooling
  bool direct = false;           // a convolution that reads its input in place, without im2col
  int64_t weight = 0, bias = 0;  // where they start among a sample's packed weights
  int64_t tiles = 0;
  std::vector<int64_t> offsets, left, right;  // of a convolution's rows, and of its tiles' halves

  bool has_weights() const {
    return kind == StepKind::kPanels || kind == StepKind::kDot || kind == StepKind::kConv || kind == StepKind::kNorm;
  }
  // Copies an example's channels without the gaps between them.
  void flatten(const float* from, float* to) const;
  // Adds two examples' values; a null one is zero.
  void sum(const float* a, const float* b, float* to) const;
  // The mean of each channel.
  void channel_means(const float* from, float* to) const;
  // weight * n(from) + bias, n the normalised values.
  void norm(const float* from, const float* weight, const float* bias, float* to) const;
  // weight * n'(from) tangent.
  void norm_tangent(const float* from, const float* tangent, const float* weight, float* to) const;
};

// Memory that one thread needs to run samples.
struct Scratch {
  std::vector<Floats> slots;  // outputs of steps that are still to be read
  Floats product, columns;
  std::vector<const float*> left, right;
};

// What the tangents of all samples need of the pass at the mean, for one chunk of inputs.
struct MeanPass {
  std::vector<Floats> values, slopes;         // of each step's outputs; no slopes without an activation
  std::vector<std::vector<int64_t>> choices;  // where in its channel each maximum was
};

class Plan {
 public:
  // With a mean, [dimension], the parameters are deviations from it, and run_tangents takes the place of run.
  Plan(const vk_layer* layers, int64_t num_layers, const int64_t* sizes, int64_t num_sizes, const float* parameters,
       int64_t samples, int64_t dimension, const float* mean);

  Scratch scratch() const;
  MeanPass mean_pass() const;

  // Writes the sample's outputs for `count` <= chunk() inputs to logits[(b * outputs + c) * padded_samples + sample].
  void run(int64_t sample, const float* inputs, int64_t count, Scratch& scratch, float* logits) const;

  // Evaluates the network at the mean for `count` <= chunk() inputs.
  void run_mean(const float* inputs, int64_t count, MeanPass& pass, Scratch& scratch) const;

  // Writes J d_s for samples [first, last) to logits as run() does.
  void run_tangents(int64_t first, int64_t last, const float* inputs, int64_t count, const MeanPass& pass,
                    Scratch& scratch, float* logits) const;

  // The outputs at the mean for input e of the pass.
  const float* mean_outputs(const MeanPass& pass, int64_t e) const {
    return pass.values.back().data() + e * steps_.back().out.floats();
  }

  bool linearised() const { return mean_.size() > 0; }
  int64_t samples() const { return samples_; }
  int64_t padded_samples() const { return round_up(samples_, kPanel); }
  int64_t inputs() const { return input_.used(); }
  int64_t outputs() const { return steps_.back().out.used(); }
  int64_t chunk() const { return chunk_; }            // examples that go through a sample's weights together
  int64_t operations() const { return operations_; }  // multiplications for one example and one sample
  int64_t packed_bytes() const { return (packed_.size() + mean_.size()) * 4; }
  std::string describe() const;

 private:
  // Where the compilation is: what the next layer reads.
  struct At {
    Layout layout;
    int64_t step = -1;
    bool padded = false;   // zeros lie behind the values
    bool fusable = false;  // the step's only reader is what comes next
  };
  struct Block {
    At start, body;
    bool in_body = true;
  };

  void add(const vk_layer& layer, At& at, std::vector<Block>& blocks);
  void push(Step step, const vk_layer& layer, At& at);
  // Gives each step a slot that no value that is still to be read lies in.
  void assign_slots();
  int64_t stride_of(int64_t step) const { return step < 0 ? input_.used() : steps_[step].out.floats(); }
  // Whether weight or bias of a layer with so many inputs for each output lies outside the parameters.
  bool outside(const vk_layer& layer, int64_t inputs) const;
  void add_linear(const vk_layer& layer, At& at);
  void add_conv(const vk_layer& layer, At& at);
  void add_pool(const vk_layer& layer, At& at);
  void add_norm(const vk_layer& layer, At& at);
  void add_sum(const vk_layer& layer, At& at, std::vector<Block>& blocks);
  void pack(const float* parameters, float* packed) const;
  void conv(const Step& step, const float* weights, const float* bias, const float* in, Scratch& scratch, float* out,
            Activation activation) const;
  // The step's weights times `count` inputs, with an activation or without one.
  void apply(const Step& step, const float* weights, const float* bias, const float* in, int64_t in_stride,
             int64_t count, Scratch& scratch, float* out, Activation activation) const;
  // What a step without weights makes of one example; a null input of a sum is zero.
  void move(const Step& step, const float* in, const float* other, float* out) const;
  void write(const float* out, int64_t out_stride, int64_t count, int64_t sample, float* logits) const;

  Layout input_{};
  std::vector<Step> steps_;
  std::vector<vk_layer> sources_;  // of each step
  int64_t samples_, dimension_, sample_floats_ = 0, chunk_ = 1, operations_ = 0, widest_ = 0, columns_ = 0, tiles_ = 0;
  int64_t slots_ = 0;
  Floats packed_, mean_, zeros_;
};

}  // namespace viking
