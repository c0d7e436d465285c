#include "frames.h"

#include <c10/core/AutogradState.h>
#include <c10/core/GradMode.h>

#include <atomic>

namespace viking {
namespace {

thread_local Frame* innermost = nullptr;

Frame* innermost_jvp() noexcept {
  Frame* frame = innermost;
  while (frame != nullptr && frame->kind != FrameKind::kJvp) frame = frame->parent;
  return frame;
}

uint64_t next_frame_id() {
  static std::atomic<uint64_t> counter{0};
  return counter.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Frame* current_frame() noexcept { return innermost; }

bool frame_is_active(uint64_t id) noexcept {
  for (const Frame* frame = innermost; frame != nullptr; frame = frame->parent) {
    if (frame->id == id) return true;
  }
  return false;
}

int32_t frame_depth() noexcept {
  int32_t depth = 0;
  for (const Frame* frame = innermost; frame != nullptr; frame = frame->parent) ++depth;
  return depth;
}

bool request_reroute() noexcept {
  Frame* frame = innermost_jvp();
  if (frame == nullptr) return false;
  frame->reroute = true;
  return true;
}

void request_refusal(const char* op) noexcept {
  Frame* frame = innermost_jvp();
  if (frame != nullptr) frame->refused = op;
}

const char* refusal_pending() noexcept {
  for (const Frame* frame = innermost; frame != nullptr; frame = frame->parent) {
    if (frame->refused != nullptr) return frame->refused;
  }
  return nullptr;
}

bool reroute_pending() noexcept {
  for (const Frame* frame = innermost; frame != nullptr; frame = frame->parent) {
    if (frame->reroute) return true;
  }
  return false;
}

int32_t derivative_depth() noexcept {
  int32_t depth = 0;
  for (const Frame* frame = innermost; frame != nullptr; frame = frame->parent) {
    depth += frame->order;
  }
  return depth;
}

Level::Level(FrameKind kind, int32_t order, int64_t batch_size, at::functorch::RandomnessType randomness) {
  using at::functorch::TransformType;
  frame_.id = next_frame_id();
  frame_.kind = kind;
  frame_.order = order;
  frame_.parent = innermost;
  switch (kind) {
    case FrameKind::kVmap:
      level_ = at::functorch::initAndPushDynamicLayer(TransformType::Vmap, c10::SymInt(batch_size), randomness);
      break;
    case FrameKind::kGrad:
      level_ = at::functorch::initAndPushDynamicLayer(TransformType::Grad, std::nullopt, std::nullopt,
                                                      c10::GradMode::is_enabled());
      break;
    case FrameKind::kJvp:
      level_ = at::functorch::initAndPushDynamicLayer(TransformType::Jvp, std::nullopt, std::nullopt, std::nullopt,
                                                      c10::AutogradState::get_tls_state().get_fw_grad_mode());
      break;
  }
  innermost = &frame_;
}

Level::~Level() {
  innermost = frame_.parent;
  at::functorch::popDynamicLayerAndDeleteMetadata();
}

}  // namespace viking
