#include "predictor_team.h"

#include <pthread.h>
#include <sched.h>

#include <chrono>

#include "errors.h"

namespace viking {

namespace {

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Team::Team(int32_t members, int64_t blocks, const int32_t* cpus, int64_t num_cpus, int64_t spin_microseconds)
    : members_(members),
      blocks_(blocks),
      spin_microseconds_(spin_microseconds),
      stamps_(new std::atomic<uint32_t>[static_cast<size_t>(blocks)]) {
  for (int64_t b = 0; b < blocks; ++b) stamps_[b].store(0, std::memory_order_relaxed);
  try {
    for (int64_t m = 1; m < members; ++m) {
      threads_.emplace_back([this, m] { serve(m); });
      if (num_cpus == 0) continue;
      const int32_t cpu = cpus[(m - 1) % num_cpus];
      cpu_set_t set;
      CPU_ZERO(&set);
      if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
      if (pthread_setaffinity_np(threads_.back().native_handle(), sizeof set, &set) != 0)
        throw Failure(VK_ERR_ARGUMENT, "cpus: this process may not run on CPU " + std::to_string(cpu));
    }
  } catch (...) {
    stop_.store(true);
    job_.fetch_add(1);
    job_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    throw;
  }
}

Team::~Team() {
  stop_.store(true);
  job_.fetch_add(1);
  job_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Team::work(uint32_t job, int64_t member) {
  const int64_t start = member * blocks_ / members_;
  for (int64_t i = 0; i < blocks_; ++i) {
    const int64_t block = start + i < blocks_ ? start + i : start + i - blocks_;
    uint32_t stamp = stamps_[block].load(std::memory_order_relaxed);
    // Numbers wrap around; the difference of two that are near each other does not.
    if (static_cast<int32_t>(job - stamp) <= 0) continue;
    if (!stamps_[block].compare_exchange_strong(stamp, job, std::memory_order_acq_rel)) continue;
    body_(context_, block, member);
    unfinished_.fetch_sub(1, std::memory_order_release);
  }
}

bool Team::run(Body body, void* context) {
  if (busy_.exchange(true, std::memory_order_acquire)) return false;
  body_ = body;
  context_ = context;
  unfinished_.store(blocks_, std::memory_order_relaxed);
  const uint32_t job = job_.load(std::memory_order_relaxed) + 1;
  job_.store(job, std::memory_order_seq_cst);
  job_.notify_all();
  work(job, 0);
  for (int64_t spins = 0; unfinished_.load(std::memory_order_acquire) != 0; ++spins) {
    pause();
    if (spins > 2000) std::this_thread::yield();
  }
  busy_.store(false, std::memory_order_release);
  return true;
}

void Team::serve(int64_t member) {
  using Clock = std::chrono::steady_clock;
  uint32_t seen = 0;
  while (true) {
    const auto until = Clock::now() + std::chrono::microseconds(spin_microseconds_);
    uint32_t job = job_.load(std::memory_order_acquire);
    while (job == seen && Clock::now() < until) {
      for (int i = 0; i < 32 && job == seen; ++i) {
        pause();
        job = job_.load(std::memory_order_acquire);
      }
    }
    if (job == seen) {
      job_.wait(seen, std::memory_order_acquire);
      job = job_.load(std::memory_order_acquire);
    }
    if (stop_.load(std::memory_order_acquire)) return;
    seen = job;
    work(job, member);
  }
}

}  // namespace viking
