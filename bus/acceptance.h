#pragma once
// The one function that tells every reader which records of a partition log count: sequencer, follower, replay, export.
//
// A claim counts iff its term is greater than the current one. A frame or release counts iff its term and nonce are the
// current claim's, its number is the last one plus 1 and its previous head is the head. What counts moves the head to
// SHA-256(head || record bytes). All else is ignored and counted by reason: it changes nothing but where reading goes
// on. So a writer that has lost the partition without knowing is harmless, whatever the log does with its records.

#include <array>
#include <optional>
#include <string_view>

#include "bus/frame.h"
#include "bus/partition_log.h"

namespace countersign::bus {

enum class Ignored : std::uint8_t {
  damaged,
  forged,
  wrong_cluster,
  wrong_partition,
  stale_claim,  ///< its term is not greater than the current one
  wrong_term,
  wrong_nonce,  ///< of a competing claim of the same term
  wrong_number,
  wrong_head,
};
constexpr std::size_t ignored_reasons = 9;

/// The reason's name, as metrics and reports show it.
std::string_view name(Ignored reason);

using IgnoredCounts = std::array<std::uint64_t, ignored_reasons>;

/// Why the record doesn't count after `state`; nothing when it does.
std::optional<Ignored> reason_to_ignore(const AcceptanceState& state, const Record& record);

/// The state after a record that counts. `offset` is the record's.
AcceptanceState accept(const AcceptanceState& before, const Record& record, const Bytes32& head_after, Offset offset);

/// SHA-256(head || bytes).
Bytes32 head_after(const Bytes32& head, std::string_view bytes);

/// A reader's place in a log: the state, what was ignored so far, and the codec that it needs to judge.
class Acceptance {
 public:
  Acceptance(const LogIdentity& identity, std::string_view log_key, const AcceptanceState& from);

  /// Judges the next record of the log. Nothing: ignored. The record borrows from `record.bytes`.
  /// Error: errc::newer_format only; the state is unchanged, and the partition can't be read on.
  boost::system::result<std::optional<Record>> take(const LogRecord& record);

  /// Moves on over a record of one's own that is known to be next without reading it back.
  void set(const AcceptanceState& state) { state_ = state; }

  const AcceptanceState& state() const { return state_; }
  const IgnoredCounts& ignored() const { return ignored_; }
  FrameCodec& codec() { return codec_; }

 private:
  FrameCodec codec_;
  AcceptanceState state_;
  IgnoredCounts ignored_{};
};

}  // namespace countersign::bus
