// jvp, vjp, grad and hvp on libtorch's functorch interpreter stack.
#include <ATen/ATen.h>
#include <ATen/functorch/TensorWrapper.h>
#include <c10/core/AutogradState.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/forward_grad.h>

#include <cstring>
#include <mutex>

#include "errors.h"
#include "guards.h"
#include "handles.h"
#include "transforms.h"

namespace viking {
namespace {

// NOTE [Forward-AD level]
// libtorch numbers nested forward-mode levels for the whole process, not for a thread, and allows one level only.
// torch.func enters and leaves that level around every jvp, so two threads trip over each other. Nesting is done by
// functorch's own wrappers here, so all threads can share level 0: the first user enters it, the last one leaves.
// Tangents of dead duals do not gather in the level meanwhile: a dual's destructor takes its tangent out.
class DualLevel {
 public:
  DualLevel() {
    const std::lock_guard<std::mutex> lock(mutex());
    if (users()++ == 0) {
      try {
        torch::autograd::ForwardADLevel::get_next_idx();
      } catch (...) {
        --users();
        throw;
      }
    }
  }
  ~DualLevel() {
    const std::lock_guard<std::mutex> lock(mutex());
    if (--users() == 0) torch::autograd::ForwardADLevel::release_idx(0);
  }
  DualLevel(const DualLevel&) = delete;
  DualLevel& operator=(const DualLevel&) = delete;

 private:
  static std::mutex& mutex() {
    static auto* instance = new std::mutex();
    return *instance;
  }
  static int64_t& users() {
    static int64_t count = 0;
    return count;
  }
};

constexpr int64_t kDualLevel = 0;

at::Tensor unwrap(const at::Tensor& tensor, int64_t level) {
  const auto* wrapper = at::functorch::maybeGetTensorWrapper(tensor);
  if (wrapper == nullptr || wrapper->level() != level) return tensor;
  return wrapper->value();
}

Tensors unwrap_all(const Tensors& tensors, int64_t level) {
  Tensors result;
  result.reserve(tensors.size());
  for (const auto& tensor : tensors) result.push_back(unwrap(tensor, level));
  return result;
}

Tensors differentiable_copies(const Tensors& primals, int64_t level) {
  Tensors wrapped;
  wrapped.reserve(primals.size());
  for (const auto& primal : primals) {
    wrapped.push_back(at::functorch::makeTensorWrapper(primal, level));
    wrapped.back().set_requires_grad(true);
  }
  return wrapped;
}

// Gradients of the outputs that have a graph; zeros where nothing depends on an input. Undefined cotangents stand
// for zero.
Tensors gradients_of(const Tensors& outputs, const Tensors& inputs, const Tensors& cotangents, bool retain_graph,
                     bool create_graph) {
  Tensors roots;
  Tensors seeds;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].defined() || !outputs[i].requires_grad()) continue;
    if (!cotangents.empty() && !cotangents[i].defined()) continue;
    roots.push_back(outputs[i]);
    if (!cotangents.empty()) seeds.push_back(cotangents[i]);
  }
  Tensors gradients(inputs.size());
  if (!roots.empty()) {
    gradients = torch::autograd::grad(roots, inputs, seeds, retain_graph, create_graph, /*allow_unused=*/true);
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!gradients[i].defined()) gradients[i] = at::zeros_like(inputs[i]);
  }
  return gradients;
}

std::optional<JvpResult> jvp_forward(const Function& function, const Tensors& primals, const Tensors& tangents) {
  const bool nested = inside_derivative();
  const DualLevel dual_level;
  const Level level = Level::jvp();
  const c10::AutoFwGradMode forward_mode(true);
  std::optional<LeafObserver> observer;
  if (nested) observer.emplace();
  try {
    Tensors duals;
    duals.reserve(primals.size());
    for (size_t i = 0; i < primals.size(); ++i) {
      duals.push_back(at::_make_dual(primals[i], tangents[i], kDualLevel));
    }
    JvpResult result;
    for (const auto& output : function(duals)) {
      auto [primal, tangent] = at::_unpack_dual(output, kDualLevel);
      if (!tangent.defined()) tangent = at::zeros_like(primal);
      result.outputs.push_back(unwrap(primal, level.id()));
      result.tangents.push_back(unwrap(tangent, level.id()));
    }
    require_not_refused();
    if (level.frame().reroute) return std::nullopt;
    return result;
  } catch (const c10::Error& e) {
    require_not_refused();
    if (level.frame().reroute || std::strstr(e.what_without_backtrace(), "forward AD") != nullptr) {
      return std::nullopt;
    }
    throw;
  } catch (...) {
    // Whatever made the function fail after a request to start over is moot.
    require_not_refused();
    if (level.frame().reroute) return std::nullopt;
    throw;
  }
}

// J t as the derivative by u of <J^T u, t>, which is linear in u: two reverse passes, no forward-mode rule.
JvpResult jvp_reverse(const Function& function, const Tensors& primals, const Tensors& tangents) {
  const bool nested = inside_derivative();
  const Level level = Level::grad();
  const c10::AutoGradMode grad_mode(true);
  const Tensors inputs = differentiable_copies(primals, level.id());
  const Tensors outputs = function(inputs);
  Tensors probes(outputs.size());
  Tensors live_outputs;
  Tensors live_probes;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    // Operators run at this level wrap their results; the probe wraps the bare value anew, as a leaf. Any value does,
    // since the pullback is linear; at zero, formulas that go through a logarithm would give NaN.
    const at::Tensor ones = unwrap(at::ones_like(outputs[i]), level.id());
    probes[i] = std::move(differentiable_copies({ones}, level.id()).front());
    live_outputs.push_back(outputs[i]);
    live_probes.push_back(probes[i]);
  }
  Tensors pushed(live_probes.size());
  if (!live_outputs.empty()) {
    const Tensors pulled =
        gradients_of(live_outputs, inputs, live_probes, /*retain_graph=*/true, /*create_graph=*/true);
    pushed = gradients_of(pulled, live_probes, tangents, /*retain_graph=*/nested, /*create_graph=*/nested);
  }
  JvpResult result;
  size_t next = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    result.outputs.push_back(unwrap(outputs[i], level.id()));
    result.tangents.push_back(probes[i].defined() ? unwrap(pushed[next++], level.id())
                                                  : unwrap(at::zeros_like(outputs[i]), level.id()));
  }
  return result;
}

void require_scalar(const Tensors& outputs, const char* transform) {
  if (outputs.empty()) throw Failure(VK_ERR_ARGUMENT, std::string(transform) + ": the function returned nothing");
  const at::Tensor& value = outputs.front();
  if (value.numel() != 1 || !value.is_floating_point()) {
    throw Failure(VK_ERR_SHAPE, std::string(transform) +
                                    " needs a function whose first output is one floating-point number; it returned " +
                                    describe(value));
  }
}

}  // namespace

void require_floating(const Tensors& tensors, const char* name) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].is_floating_point() || tensors[i].is_complex()) continue;
    throw Failure(VK_ERR_DTYPE, std::string(name) + "[" + std::to_string(i) + "] is " + describe(tensors[i]) +
                                    "; a derivative needs a floating-point dtype (capture constants instead of "
                                    "passing them as primals)");
  }
}

void require_alike(const Tensors& given, const char* given_name, const Tensors& expected, const char* expected_name,
                   bool nullable) {
  if (given.size() != expected.size()) {
    throw Failure(VK_ERR_ARGUMENT, std::to_string(given.size()) + " " + given_name + " for " +
                                       std::to_string(expected.size()) + " " + expected_name);
  }
  for (size_t i = 0; i < given.size(); ++i) {
    if (nullable && !given[i].defined()) continue;
    const std::string which = std::string(given_name) + "[" + std::to_string(i) + "] is " + describe(given[i]) +
                              ", needed like " + expected_name + "[" + std::to_string(i) +
                              "]: " + describe(expected[i]);
    if (!given[i].sizes().equals(expected[i].sizes())) throw Failure(VK_ERR_SHAPE, which);
    if (given[i].scalar_type() != expected[i].scalar_type()) throw Failure(VK_ERR_DTYPE, which);
    if (given[i].device() != expected[i].device()) throw Failure(VK_ERR_DEVICE, which);
  }
}

JvpResult jvp(const Function& function, const Tensors& primals, const Tensors& tangents) {
  require_floating(primals, "primals");
  require_alike(tangents, "tangents", primals, "primals");
  if (auto result = jvp_forward(function, primals, tangents)) return *std::move(result);
  return jvp_reverse(function, primals, tangents);
}

VjpResult vjp(const Function& function, const Tensors& primals) {
  require_floating(primals, "primals");
  const Frame* around = current_frame();
  const Level level = Level::grad();
  const c10::AutoGradMode grad_mode(true);
  auto pullback = std::make_shared<Pullback>();
  pullback->frame = around == nullptr ? 0 : around->id;
  pullback->primals = differentiable_copies(primals, level.id());
  pullback->outputs = function(pullback->primals);
  VjpResult result;
  result.outputs = unwrap_all(pullback->outputs, level.id());
  result.pullback = std::move(pullback);
  return result;
}

Tensors pull_back(const Pullback& pullback, const Tensors& cotangents) {
  if (pullback.frame != 0 && !frame_is_active(pullback.frame)) {
    throw Failure(VK_ERR_ESCAPED, "the pullback was made inside a transform that has ended, or runs on another thread");
  }
  require_alike(cotangents, "cotangents", pullback.outputs, "outputs", /*nullable=*/true);
  const bool nested = inside_derivative();
  const c10::AutoGradMode grad_mode(nested);
  Tensors gradients =
      gradients_of(pullback.outputs, pullback.primals, cotangents, /*retain_graph=*/true, /*create_graph=*/nested);
  for (auto& gradient : gradients) gradient = at::functorch::unwrapIfDead(gradient);
  return gradients;
}

GradResult grad(const Function& function, const Tensors& primals, int32_t create_graph) {
  require_floating(primals, "primals");
  require(create_graph >= VK_GRAPH_AUTO && create_graph <= VK_GRAPH_ALWAYS, VK_ERR_ARGUMENT,
          "create_graph is none of vk_create_graph's values");
  const bool nested = inside_derivative();
  const bool record = create_graph == VK_GRAPH_ALWAYS || (create_graph == VK_GRAPH_AUTO && nested);
  const Level level = Level::grad();
  const c10::AutoGradMode grad_mode(true);
  const Tensors inputs = differentiable_copies(primals, level.id());
  const Tensors outputs = function(inputs);
  require_scalar(outputs, "grad");
  const Tensors gradients = gradients_of({outputs.front()}, inputs, {}, record, record);
  GradResult result{unwrap_all(outputs, level.id()), unwrap_all(gradients, level.id())};
  if (create_graph == VK_GRAPH_NEVER) {
    for (auto& gradient : result.gradients) gradient = gradient.detach();
  }
  return result;
}

HvpResult hvp(const Function& function, const Tensors& primals, const Tensors& vectors, int32_t mode) {
  require_floating(primals, "primals");
  require_alike(vectors, "vectors", primals, "primals");
  if (mode == VK_HVP_FORWARD_OVER_REVERSE) {
    const Function gradient = [&](const Tensors& inputs) {
      GradResult inner = grad(function, inputs, VK_GRAPH_AUTO);
      Tensors all{inner.outputs.front()};
      all.insert(all.end(), inner.gradients.begin(), inner.gradients.end());
      return all;
    };
    JvpResult outer = jvp(gradient, primals, vectors);
    return {outer.outputs.front(), Tensors(outer.outputs.begin() + 1, outer.outputs.end()),
            Tensors(outer.tangents.begin() + 1, outer.tangents.end())};
  }
  require(mode == VK_HVP_REVERSE_OVER_REVERSE, VK_ERR_ARGUMENT, "mode is none of vk_hvp_mode's values");
  const bool nested = inside_derivative();
  const Level level = Level::grad(/*order=*/2);
  const c10::AutoGradMode grad_mode(true);
  const Tensors inputs = differentiable_copies(primals, level.id());
  const Tensors outputs = function(inputs);
  require_scalar(outputs, "hvp");
  const Tensors gradients = gradients_of({outputs.front()}, inputs, {}, /*retain_graph=*/true, /*create_graph=*/true);
  const Tensors products = gradients_of(gradients, inputs, vectors, nested, nested);
  return {unwrap(outputs.front(), level.id()), unwrap_all(gradients, level.id()), unwrap_all(products, level.id())};
}

}  // namespace viking
