#pragma once
// Joins the domain with the sequencer: runs commands against a batch's overlay, one after the other, each seeing the
// ones before it; encodes and seals their events; folds them into the overlay by the same reducers that every other
// reader uses. Published overlays stay readable until they have landed in the views.
//
// Concurrency: as bus::Decider says. reader() and unlanded() from any thread.

#include <list>
#include <memory>
#include <mutex>

#include "adapters/commands/command_batch.h"

namespace countersign::commands {

class CommandDecider : public bus::Decider {
 public:
  CommandDecider(projections::Views& views, keys::KeyStore& keys, RefusalLog& refusals, Locate locate = {});
  ~CommandDecider() override;

  std::shared_ptr<bus::Batch> begin(bus::TimeMs time) override;
  void discard_unpublished() override;
  void publish(const std::shared_ptr<bus::Batch>& batch, const bus::AcceptanceState& after) override;
  void land(const std::shared_ptr<bus::Batch>& batch) override;

  /// The state as of the newest published batch.
  projections::ViewState reader() const;

 private:
  projections::Overlays published() const;

  projections::Views& views_;
  EventWriter writer_;
  RefusalLog& refusals_;
  std::list<std::shared_ptr<CommandBatch>> begun_;  ///< newest first, not published
  mutable std::mutex mutex_;
  projections::Overlays published_;  ///< newest first, not landed
};

}  // namespace countersign::commands
