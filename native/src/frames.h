// The transforms around the running code, per thread.
//
// NOTE [Frames]
// libtorch keeps its own stack of interpreters (ATen/functorch/DynamicLayer.h). Its levels are small numbers that
// are used again as soon as a transform ends, so a tensor that escaped from one vmap would be taken for a tensor of
// the next. Each transform of this library therefore also pushes a Frame with a number of its own that is never
// used again; handles made inside remember it, and a handle whose frame is not on the current thread's stack is
// refused. Frames also carry what guards need to know (guards.h) and the request to redo a jvp in reverse mode.
#pragma once

#include <ATen/functorch/DynamicLayer.h>

#include <cstdint>

namespace viking {

enum class FrameKind { kVmap, kGrad, kJvp };

struct Frame {
  uint64_t id = 0;
  FrameKind kind = FrameKind::kVmap;
  int32_t order = 0;  // derivatives taken in this frame: 2 for a double backward
  Frame* parent = nullptr;
  bool reroute = false;           // only kJvp: evaluate again in reverse mode
  const char* refused = nullptr;  // only kJvp: an operator in it that no mode gets right here
};

// The innermost frame of this thread, or null.
Frame* current_frame() noexcept;

// Whether the frame is active on this thread.
bool frame_is_active(uint64_t id) noexcept;

// Number of frames on this thread.
int32_t frame_depth() noexcept;

// Marks the innermost jvp frame for evaluation in reverse mode; false where there is none.
bool request_reroute() noexcept;

// Marks the innermost jvp frame as having met an operator that is refused there (a string that never dies).
void request_refusal(const char* op) noexcept;

// Whether a frame of this thread waits to be evaluated again, so that running on makes no sense.
bool reroute_pending() noexcept;

// One level of libtorch's interpreter stack together with its Frame; both end with the scope, also by exception.
class Level {
 public:
  static Level grad(int32_t order = 1) { return Level(FrameKind::kGrad, order); }
  static Level jvp() { return Level(FrameKind::kJvp, 1); }
  static Level vmap(int64_t batch_size, at::functorch::RandomnessType randomness) {
    return Level(FrameKind::kVmap, 0, batch_size, randomness);
  }
  ~Level();
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

  int64_t id() const { return level_; }
  const Frame& frame() const { return frame_; }

 private:
  Level(FrameKind kind, int32_t order, int64_t batch_size = 0,
        at::functorch::RandomnessType randomness = at::functorch::RandomnessType::Error);

  Frame frame_;
  int64_t level_ = 0;
};

// The operator that a jvp frame of this thread has refused, or null.
const char* refusal_pending() noexcept;

// Number of derivatives (grad or jvp) around the running code: what is computed now is differentiated as often.
int32_t derivative_depth() noexcept;

inline bool inside_derivative() noexcept { return derivative_depth() > 0; }

}  // namespace viking
