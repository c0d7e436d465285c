// Threads that help a caller with one prediction.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace viking {

/*
 * NOTE [Team]
 * A job is the same fixed number of blocks each time. Whoever takes part starts at its own share of them, so that a
 * block's weights stay in the cache of the core that used them before, and goes on to what others have not begun. A
 * block is taken by raising its stamp to the job's number: a thread that comes too late finds all stamps raised and
 * touches nothing of the job. The caller waits only for blocks that were begun, never for a thread to wake up.
 */
class Team {
 public:
  using Body = void (*)(void* context, int64_t block, int64_t member);

  // `members` threads in all, the caller's included.
  Team(int32_t members, int64_t blocks, const int32_t* cpus, int64_t num_cpus, int64_t spin_microseconds);
  ~Team();

  int32_t members() const { return members_; }
  int64_t blocks() const { return blocks_; }

  // Runs all blocks and returns; false, with nothing done, when the team is busy with another caller's job.
  bool run(Body body, void* context);

 private:
  void work(uint32_t job, int64_t member);
  void serve(int64_t member);

  const int32_t members_;
  const int64_t blocks_;
  const int64_t spin_microseconds_;
  std::unique_ptr<std::atomic<uint32_t>[]> stamps_;
  alignas(64) std::atomic<uint32_t> job_{0};
  alignas(64) std::atomic<int64_t> unfinished_{0};
  alignas(64) std::atomic<bool> busy_{false};
  std::atomic<bool> stop_{false};
  Body body_ = nullptr;
  void* context_ = nullptr;
  std::vector<std::thread> threads_;
};

}  // namespace viking
