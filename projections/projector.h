#pragma once
// Folds accepted frames into views: at start-up from where the views stand, in rebuilds from the beginning, on
// followers all the time. The owner's own batches take the same reducers (reducers.h).

#include <functional>
#include <future>
#include <memory>

#include "bus/frame_reader.h"
#include "projections/reducers.h"
#include "projections/views.h"

namespace countersign::projections {

/// For followers, which land after every read anyway: so much is kept in memory at most.
inline constexpr std::size_t follow_batch_bytes = 4u << 20;
/// For rebuilds into views that were opened for bulk: the larger, the fewer tables.
inline constexpr std::size_t rebuild_batch_bytes = 48u << 20;

///
/// Operation: while folded frames are written, the next ones are folded on top of them, on two threads.
/// Concurrency: calls come from one thread.
class Projector {
 public:
  /// Brings what has been folded into the views. Null: Views::land.
  using Land = std::function<void(const std::shared_ptr<const Overlay>&)>;
  /// Of one partition's frames. Lands whenever the folded ones hold about `batch_bytes`.
  explicit Projector(Views& views, std::uint32_t partition = 0, std::size_t batch_bytes = follow_batch_bytes,
                     Land land = {});
  ~Projector();

  /// Folds one frame; `after` is the acceptance state that includes it. Throws std::runtime_error naming account,
  /// sequence or event type when it can't be read: the partition must stop then.
  void apply(const bus::Frame& frame, const bus::AcceptanceState& after);
  /// Lands what is left. Others may change the views until the next apply().
  void finish(const bus::AcceptanceState& position);

  std::uint64_t events() const { return events_; }

  /// Is told of each `user.erased` that is folded, before it lands.
  using OnErased = std::function<void(domain::AccountId, domain::UserId)>;
  void on_erased(OnErased call) { on_erased_ = std::move(call); }
  /// And of each authenticator or hardware token that is gone, so that nobody needs its seed any more.
  using OnDeleted = std::function<void(domain::AccountId, domain::AuthenticatorId)>;
  void on_deleted(OnDeleted call) { on_deleted_ = std::move(call); }

 private:
  void land();
  void settle();
  Views& views_;
  const std::uint32_t partition_;
  const std::size_t batch_bytes_;
  const Land land_;
  Overlay overlay_;
  std::shared_ptr<const Overlay> landing_;  ///< readable while it is being written, and not after finish()
  std::future<void> landed_;
  std::uint64_t events_ = 0;
  OnErased on_erased_;
  OnDeleted on_deleted_;
};

/// Hash of every key and value of every table in order, as hex: equal for byte-identical views. Positions don't count:
/// claims move them, which change no row.
std::string fingerprint(const Views& views);
/// The same for views of the same events in other frames: which frame an event stands in doesn't count either.
std::string fingerprint_without_frames(const Views& views);

}  // namespace countersign::projections
