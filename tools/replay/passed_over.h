#pragma once
// The records of a log that don't count: which of them belong to its life, and which say that something is wrong.
//
// Records of a writer that had lost the log without knowing are harmless anywhere. In a cluster's topic a stranger may
// have written, and frames may stand behind one that never arrived; these count for nothing as long as what comes later
// goes on from what was accepted. Frames of whose chain nothing goes on any more are wrong: a record before them was
// changed or lost.

#include <cstdint>
#include <string>

#include "tools/replay/audited_log.h"

namespace countersign::replay {

class PassedOver {
 public:
  /// `others_may_write`: the log is a cluster's topic.
  explicit PassedOver(bool others_may_write) : others_may_write_(others_may_write) {}

  /// Each step, in order. Why one that doesn't count is wrong; empty: it isn't, so far as is known.
  std::string take(const Step& step);
  /// Behind the last step: as take().
  const std::string& at_end() const { return unproven_; }

  std::uint64_t superseded() const { return superseded_; }  ///< of writers that had lost the log
  std::uint64_t noise() const { return noise_; }            ///< of strangers, and repeats

 private:
  const bool others_may_write_;
  std::uint64_t superseded_ = 0, noise_ = 0, waiting_ = 0;
  std::string unproven_;  ///< the first that doesn't chain since the newest that did
};

}  // namespace countersign::replay
