#pragma once
// Joins the domain with a partition's sequencer: runs commands against a batch's overlay, one after the other, each
// seeing the ones before it; encodes and seals their events; folds them into the overlay by the same reducers that
// every other reader uses. Published overlays stay readable until they have landed in the views (published.h).
//
// Concurrency: as bus::Decider says.

#include <list>
#include <memory>

#include "adapters/commands/command_batch.h"
#include "adapters/commands/published.h"

namespace countersign::commands {

class CommandDecider : public bus::Decider {
 public:
  CommandDecider(Published& published, keys::KeyStore& keys, RefusalLog& refusals, Locate locate = {},
                 std::uint32_t partition = 0);
  ~CommandDecider() override;

  std::shared_ptr<bus::Batch> begin(bus::TimeMs time) override;
  void discard_unpublished() override;
  void publish(const std::shared_ptr<bus::Batch>& batch, const bus::AcceptanceState& after) override;
  void land(const std::shared_ptr<bus::Batch>& batch) override;

 private:
  Published& published_;
  EventWriter writer_;
  RefusalLog& refusals_;
  const std::uint32_t partition_;
  std::list<std::shared_ptr<CommandBatch>> begun_;  ///< newest first, not published
};

}  // namespace countersign::commands
