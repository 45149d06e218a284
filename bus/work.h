#pragma once
// What the sequencer runs, without knowing what it means: units of work against batches that a decider makes. The
// composition root hands in the decider; the bus never sees a domain type.

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bus/acceptance_state.h"

namespace countersign::bus {

enum class Lane {
  interactive,
  bulk,  ///< chunks of long operations: at most one in a frame, and never ahead of waiting interactive work
};

/// How a unit of work ended. Without error: every frame that its decision could have seen, its own included, is durable
/// and accepted up to `frame`. With error (bus::errc): outcome_unknown, or, nothing of it having been written,
/// no_space, stopping, not_owner, unavailable.
struct Settlement {
  boost::system::error_code error;
  FrameNumber frame{};
};

class Work {
 public:
  virtual ~Work() = default;
  virtual Lane lane() const { return Lane::interactive; }
  /// Called exactly once, on the sequencer's thread; must not block.
  virtual void settle(const Settlement& settlement) noexcept = 0;
};

/// What one batch wants written: opaque byte strings. Nothing at all means that no frame is needed.
struct FrameContents {
  std::vector<std::string> events;
  std::vector<std::string> answers;  ///< idempotency records
  std::uint16_t format = 0;          ///< to which this frame raises the log's (bus/format.h); 0: to none
  bool empty() const { return events.empty() && answers.empty(); }
};

/// A batch being decided, then a published overlay. Made and run on the sequencer's thread, immutable after its last
/// run().
class Batch {
 public:
  virtual ~Batch() = default;
  /// Decides one unit of work against everything before it. Refusals are outcomes, kept in the work. May be called
  /// again for the same work in another batch after a discard(): then the former outcome is forgotten.
  /// False: what it wants written doesn't fit into this frame any more; nothing was done, and the work begins the next
  /// batch. A batch without contents takes every work.
  virtual bool run(Work& work) = 0;
  /// No further work is to be tried.
  virtual bool full() const = 0;
  /// Empty after the last run(): unless the sequencer confirms such batches by a frame, this one is dropped, neither
  /// published nor landed, and the next begin() may forget it. Its frame must not exceed max_record_bytes
  /// (encoded_size_bound in bus/frame.h): that would stop the partition.
  virtual const FrameContents& contents() const = 0;
  /// Memory held until it has landed, bytes.
  virtual std::size_t size_bytes() const = 0;
};

class Decider {
 public:
  virtual ~Decider() = default;
  /// Sequencer's thread. A batch that sees all batches begun before and not discarded, published or not.
  virtual std::shared_ptr<Batch> begin(TimeMs time) = 0;
  /// Sequencer's thread. Forget every batch that was begun and not published.
  virtual void discard_unpublished() = 0;
  /// Sequencer's thread, in order. The batch's frame is durable and accepted, `after` is the state that includes it:
  /// readers may see the batch from now on, and do before any answer that rests on it is released.
  virtual void publish(const std::shared_ptr<Batch>& batch, const AcceptanceState& after) = 0;
  /// Landing thread, in order. Writes the batch and its position into the views in one step. An exception stops the
  /// partition.
  virtual void land(const std::shared_ptr<Batch>& batch) = 0;
};

}  // namespace countersign::bus
