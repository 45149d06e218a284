#pragma once
// The door to the sequencers for everything that changes state: submits a command, and tells how it ended by callback,
// or to a blocked thread.
//
// Concurrency: any thread. A callback runs on the sequencer's thread and must not block.

#include <future>
#include <memory>
#include <utility>

#include "adapters/commands/partitions.h"

namespace countersign::commands {

class Submitter {
 public:
  explicit Submitter(const Partitions& partitions) : partitions_(partitions) {}

  template <class Command>
  void submit(Call call, Command command, typename TypedWork<Command>::Done done,
              typename TypedWork<Command>::Render render = {}, typename TypedWork<Command>::HandOut hand_out = {}) {
    auto& partition = partitions_.of(call);
    std::unique_ptr<bus::Work> work = std::make_unique<TypedWork<Command>>(
        std::move(call), std::move(command), std::move(done), std::move(render), std::move(hand_out));
    if (const auto error = partition.submit(work)) work->settle({error, {}});
  }

  /// Whether commands of this account are decided here.
  bool takes(domain::AccountId account) const { return partitions_.of(account).owns(); }

  /// For threads of their own: blocks until settled.
  template <class Command>
  Outcome<ResultOf<Command>> wait(Call call, Command command) {
    return begin(std::move(call), std::move(command)).get();
  }
  template <class Command>
  std::future<Outcome<ResultOf<Command>>> begin(Call call, Command command) {
    auto promise = std::make_shared<std::promise<Outcome<ResultOf<Command>>>>();
    auto future = promise->get_future();
    submit<Command>(std::move(call), std::move(command),
                    [promise](Outcome<ResultOf<Command>> outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }

 private:
  const Partitions& partitions_;
};

}  // namespace countersign::commands
