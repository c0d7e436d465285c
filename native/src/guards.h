// Operators that need care under transforms.
//
// NOTE [Guards]
// libtorch's rules are silently wrong, or missing, for some operators under some compositions of transforms. Wrong
// without a word is the one outcome that is never fine, so the table in guards.cpp names each of them with the
// condition, what is done about it, and the reason. Two ways lead to the table:
//  - vk_op_call looks at the operator that was asked for (Guard);
//  - while a jvp runs inside another derivative, an observer sees every operator that libtorch dispatches, also
//    those inside composite ones, so that tensorsolve is caught by the solve within it (LeafObserver). The rows
//    with kJvpInsideDerivative are its list.
// Rerouting to two reverse passes (NOTE [Reroute] in the header) is the usual action: reverse mode saves what its
// formulas need with their graph.
#pragma once

#include <ATen/core/stack.h>
#include <ATen/record_function.h>

#include <string>

namespace viking {

enum class GuardWhen {
  kJvp,                  // a jvp is active
  kJvpInsideDerivative,  // a jvp is active inside another derivative
  kGradInsideJvp,        // a reverse-mode derivative is active inside a jvp (forward over reverse)
  kSomeDerivative,       // a derivative is active
  kSecondDerivative,     // two derivatives or more are active
  kVmap,                 // a vmap is active
  kTransform             // any transform is active
};

enum class GuardAction {
  kReverse,  // evaluate the innermost jvp again by two reverse passes
  kRefuse,   // VK_ERR_UNSUPPORTED
  kReplace   // compute the same from operators whose rules are right
};

struct Guard {
  const char* op;
  GuardWhen when;
  GuardAction action;
  const char* reason;
  // kReplace: takes the arguments off the stack and pushes the results, as an operator does; false (and the stack
  // untouched) where the arguments are such that the operator itself is right.
  bool (*replacement)(torch::jit::Stack& stack) = nullptr;
  // Whether these arguments are concerned (null: all are).
  bool (*applies)(const torch::jit::Stack& stack) = nullptr;
};

// The guards of one operator; applied at each call.
class OperatorGuards {
 public:
  explicit OperatorGuards(const std::string& name);
  bool empty() const { return guards_.empty(); }

  // Whether a replacement ran (the results are on the stack). Throws Reroute or a Failure for the other actions.
  bool apply(torch::jit::Stack& stack) const;

 private:
  std::vector<const Guard*> guards_;
};

// While it lives, operators of the table that are dispatched on this thread make the innermost jvp reroute.
class LeafObserver {
 public:
  LeafObserver();
  ~LeafObserver();
  LeafObserver(const LeafObserver&) = delete;
  LeafObserver& operator=(const LeafObserver&) = delete;

 private:
  at::CallbackHandle handle_;
};

// Throws where the observer met an operator that is right neither in forward mode nor in two reverse passes.
void require_not_refused();

// Throws where an operator inside the one that was called asked for reverse mode, or is refused: what was computed is
// not to be trusted.
void require_undisturbed();

// The table as text: op, condition, action and reason, separated by tabs.
std::string guards_text();

}  // namespace viking
