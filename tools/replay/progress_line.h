#pragma once
// How far a long reading is, as one line on a terminal that is written over and over, with its rate. Silent elsewhere.

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "tools/replay/audited_log.h"

namespace countersign::replay {

class ProgressLine {
 public:
  Progress port() {
    if (!terminal_) return {};
    return [this](std::uint64_t frames, std::uint64_t events) { show(frames, events); };
  }
  ~ProgressLine() { clear(); }
  void clear() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
    shown_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;
  void show(std::uint64_t frames, std::uint64_t events) {
    const auto now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    const auto seconds = std::chrono::duration<double>(now - began_).count();
    std::fputs("\r\x1b[K", stderr);
    if (frames > 0) std::fprintf(stderr, "frame %llu, ", static_cast<unsigned long long>(frames));
    std::fprintf(stderr, "%llu events, %.0f a second", static_cast<unsigned long long>(events),
                 static_cast<double>(events) / seconds);
    shown_ = true;
  }
  const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  const Clock::time_point began_ = Clock::now();
  Clock::time_point last_{};
  bool shown_ = false;
};

}  // namespace countersign::replay
