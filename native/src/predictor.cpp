// Exports: networks compiled for prediction.
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <mutex>
#include <vector>

#include "handles.h"
#include "predictor_plan.h"
#include "predictor_team.h"

using viking::Failure;
using viking::guarded;
using viking::require;

namespace {

// Memory of one call under way.
struct Call {
  std::vector<viking::Scratch> scratch;  // of each member of the team
  viking::MeanPass mean_pass;            // of a linearised network
  viking::Floats logits, probabilities, mean_probabilities;
};

// Below this many multiplications a second thread costs more than it saves.
constexpr int64_t kWorthSharing = 30000;

// How long a caller who meets nobody still counts as one of several. Callers who come and go are alone for moments; a
// team that woke up at each would take the processor from one of them in the middle of a prediction, for a time slice.
constexpr int64_t kCrowdNanoseconds = 5'000'000;

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct vk_predictor_s {
  vk_predictor_s(viking::Plan made, int32_t link, int32_t threads)
      : plan(std::move(made)), link(link), threads(threads) {}

  Call* acquire() {
    {
      const std::lock_guard<std::mutex> hold(lock);
      if (!idle.empty()) {
        Call* call = idle.back();
        idle.pop_back();
        return call;
      }
    }
    auto call = std::make_unique<Call>();
    for (int32_t t = 0; t < threads; ++t) call->scratch.push_back(plan.scratch());
    const int64_t cells = plan.outputs() * plan.padded_samples();
    if (plan.linearised()) call->mean_pass = plan.mean_pass();
    call->logits = viking::Floats(plan.chunk() * cells);
    call->probabilities = viking::Floats(cells);
    call->mean_probabilities = viking::Floats(plan.outputs());
    const std::lock_guard<std::mutex> hold(lock);
    all.push_back(std::move(call));
    idle.reserve(all.size());
    return all.back().get();
  }

  void release(Call* call) noexcept {
    const std::lock_guard<std::mutex> hold(lock);
    idle.push_back(call);
  }

  viking::Plan plan;
  const int32_t link;
  const int32_t threads;
  std::unique_ptr<viking::Team> team;
  std::atomic<int32_t> under_way{0};
  std::atomic<int64_t> crowded_until{0};
  std::mutex lock;
  std::vector<std::unique_ptr<Call>> all;
  std::vector<Call*> idle;
};

namespace {

// A call under way, counted while it lives.
class Presence {
 public:
  explicit Presence(vk_predictor predictor)
      : predictor_(predictor), first_(predictor->under_way.fetch_add(1, std::memory_order_relaxed) == 0) {}
  ~Presence() { predictor_->under_way.fetch_sub(1, std::memory_order_relaxed); }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // Whether the team should help: several callers at once keep the cores busy by themselves.
  bool is_alone() const {
    if (predictor_->team == nullptr) return false;
    if (first_) return now() >= predictor_->crowded_until.load(std::memory_order_relaxed);
    predictor_->crowded_until.store(now() + kCrowdNanoseconds, std::memory_order_relaxed);
    return false;
  }

 private:
  const vk_predictor predictor_;
  const bool first_;
};

struct Job {
  vk_predictor predictor;
  Call* call;
  const float* inputs;
  int64_t count;
};

void run_range(const Job& job, int64_t first, int64_t last, viking::Scratch& scratch) {
  const viking::Plan& plan = job.predictor->plan;
  if (plan.linearised()) {
    plan.run_tangents(first, last, job.inputs, job.count, job.call->mean_pass, scratch, job.call->logits.data());
    return;
  }
  for (int64_t s = first; s < last; ++s) plan.run(s, job.inputs, job.count, scratch, job.call->logits.data());
}

void run_block(void* context, int64_t block, int64_t member) {
  const Job& job = *static_cast<const Job*>(context);
  const int64_t samples = job.predictor->plan.samples();
  const int64_t blocks = job.predictor->team->blocks();
  run_range(job, block * samples / blocks, (block + 1) * samples / blocks,
            job.call->scratch[static_cast<size_t>(member)]);
}

void run_samples(Job& job, bool alone) {
  const viking::Plan& plan = job.predictor->plan;
  if (plan.linearised()) plan.run_mean(job.inputs, job.count, job.call->mean_pass, job.call->scratch[0]);
  const bool shared = alone && plan.operations() * plan.samples() * job.count >= kWorthSharing &&
                      job.predictor->team->run(run_block, &job);
  if (!shared) run_range(job, 0, plan.samples(), job.call->scratch[0]);
}

float entropy_of(const float* probabilities, int64_t classes, int32_t link) {
  double entropy = 0;
  for (int64_t c = 0; c < classes; ++c) {
    const double p = probabilities[c];
    if (p > 0) entropy -= p * std::log(p);
    if (link == VK_LINK_SIGMOID && p < 1) entropy -= (1 - p) * std::log1p(-p);
    if (std::isnan(p)) entropy = p;
  }
  return static_cast<float>(entropy);
}

void write_moments(const float* row, int64_t samples, float* mean, float* variance) {
  double sum = 0;
  for (int64_t s = 0; s < samples; ++s) sum += row[s];
  const double average = sum / static_cast<double>(samples);
  if (mean != nullptr) *mean = static_cast<float>(average);
  if (variance == nullptr) return;
  double squares = 0;
  for (int64_t s = 0; s < samples; ++s) squares += (row[s] - average) * (row[s] - average);
  *variance = samples > 1 ? static_cast<float>(squares / static_cast<double>(samples - 1)) : 0.0f;
}

// Deviations have mean zero, so that their variance is their mean square. Adds the centre to them.
void write_linearised(float* row, int64_t samples, float centre, float* mean, float* variance) {
  double squares = 0;
  for (int64_t s = 0; s < samples; ++s) squares += static_cast<double>(row[s]) * row[s];
  if (mean != nullptr) *mean = centre;
  if (variance != nullptr) *variance = static_cast<float>(squares / static_cast<double>(samples));
  for (int64_t s = 0; s < samples; ++s) row[s] += centre;
}

// The statistics of example `at` of all, whose logits are [classes][padded samples]; `centre` [classes] is what the
// logits of a linearised network deviate from, null for sampled predictions.
void write_statistics(vk_predictor predictor, Call& call, float* logits, const float* centre, int64_t at, int64_t total,
                      const vk_prediction& to) {
  const int64_t classes = predictor->plan.outputs();
  const int64_t samples = predictor->plan.samples();
  const int64_t padded = predictor->plan.padded_samples();
  for (int64_t c = 0; c < classes; ++c) {
    float* row = logits + c * padded;
    float* mean = to.mean == nullptr ? nullptr : to.mean + at * classes + c;
    float* variance = to.variance == nullptr ? nullptr : to.variance + at * classes + c;
    if (centre != nullptr) {
      write_linearised(row, samples, centre[c], mean, variance);
    } else if (mean != nullptr || variance != nullptr) {
      write_moments(row, samples, mean, variance);
    }
    if (to.outputs != nullptr)
      for (int64_t s = 0; s < samples; ++s) to.outputs[(s * total + at) * classes + c] = row[s];
  }
  if (to.probabilities == nullptr && to.entropy == nullptr && to.mutual_information == nullptr) return;
  float* mean = to.probabilities == nullptr ? call.mean_probabilities.data() : to.probabilities + at * classes;
  const auto& kernels = viking::predictor_kernels();
  const auto kernel = predictor->link == VK_LINK_SOFTMAX ? kernels.softmax : kernels.sigmoid;
  const float within = kernel(logits, classes, samples, padded, call.probabilities.data(), mean);
  if (to.entropy == nullptr && to.mutual_information == nullptr) return;
  const float entropy = entropy_of(mean, classes, predictor->link);
  if (to.entropy != nullptr) to.entropy[at] = entropy;
  // Never negative but for rounding.
  if (to.mutual_information != nullptr) to.mutual_information[at] = entropy < within ? 0.0f : entropy - within;
}

}  // namespace

extern "C" {

int32_t vk_predictor_compile(const vk_layer* layers, int64_t num_layers, const int64_t* input_sizes,
                             int64_t num_input_sizes, const float* parameters, int64_t samples, int64_t dimension,
                             const float* mean, int32_t link, int32_t threads, const int32_t* cpus, int64_t num_cpus,
                             int64_t spin_microseconds, vk_predictor* predictor, char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(predictor != nullptr, VK_ERR_ARGUMENT, "predictor (output) is null");
    require(link >= VK_LINK_IDENTITY && link <= VK_LINK_SIGMOID, VK_ERR_ARGUMENT, "link: not one of vk_link");
    require(threads >= 1 && threads <= 1024, VK_ERR_ARGUMENT, "threads: 1 to 1024 are needed");
    require(num_cpus >= 0 && (num_cpus == 0 || cpus != nullptr), VK_ERR_ARGUMENT, "cpus is null");
    require(spin_microseconds >= 0, VK_ERR_ARGUMENT, "spin_microseconds is negative");
    auto made = std::make_unique<vk_predictor_s>(
        viking::Plan(layers, num_layers, input_sizes, num_input_sizes, parameters, samples, dimension, mean), link,
        threads);
    if (threads > 1) {
      const int64_t blocks = std::min<int64_t>(samples, 4 * static_cast<int64_t>(threads));
      made->team = std::make_unique<viking::Team>(threads, blocks, cpus, num_cpus, spin_microseconds);
    }
    viking::count_object(1);
    *predictor = made.release();
  });
}

int32_t vk_predictor_run(vk_predictor predictor, const float* inputs, int64_t count, const vk_prediction* prediction,
                         char* error, int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(predictor != nullptr, VK_ERR_CLOSED, "predictor is null");
    require(prediction != nullptr, VK_ERR_ARGUMENT, "prediction is null");
    require(count >= 0 && (count == 0 || inputs != nullptr), VK_ERR_ARGUMENT, "inputs: null, or a negative count");
    require(predictor->link != VK_LINK_IDENTITY ||
                (prediction->probabilities == nullptr && prediction->entropy == nullptr &&
                 prediction->mutual_information == nullptr),
            VK_ERR_ARGUMENT, "a predictor of a regression has no probabilities");
    const viking::Plan& plan = predictor->plan;
    Call* call = predictor->acquire();
    const Presence presence(predictor);
    const bool alone = presence.is_alone();
    for (int64_t first = 0; first < count; first += plan.chunk()) {
      Job job{predictor, call, inputs + first * plan.inputs(), std::min(plan.chunk(), count - first)};
      run_samples(job, alone);
      for (int64_t e = 0; e < job.count; ++e)
        write_statistics(predictor, *call, call->logits.data() + e * plan.outputs() * plan.padded_samples(),
                         plan.linearised() ? plan.mean_outputs(call->mean_pass, e) : nullptr, first + e, count,
                         *prediction);
    }
    predictor->release(call);
  });
}

int32_t vk_predictor_describe(vk_predictor predictor, char* buffer, int64_t capacity, int64_t* needed, char* error,
                              int64_t error_capacity) {
  return guarded(error, error_capacity, [&] {
    require(predictor != nullptr, VK_ERR_CLOSED, "predictor is null");
    viking::write_text(predictor->plan.describe() + "\nthreads=" + std::to_string(predictor->threads) + "\n", buffer,
                       capacity, needed);
  });
}

void vk_predictor_release(vk_predictor predictor) {
  if (predictor == nullptr) return;
  viking::count_object(-1);
  delete predictor;
}

}  // extern "C"
