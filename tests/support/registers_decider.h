#pragma once
// A small domain for testing the bus: registers that are set and looked at, codes that are issued and redeemed once,
// people whose key must be durable before their first frame, counters of one-time passwords that only go up, licences
// whose activations are reserved and given back, and answers that are given again for a repeated id. Everything is a
// row in one map, every event one assignment, so that a fold is a few lines.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "bus/frame_reader.h"
#include "bus/work.h"

namespace countersign::testing {

using Rows = std::map<std::string, std::string>;

/// Event: "<work's id>|<row>=<value>". Answer: "<work's id>=<answer>". The row "#" counts what was folded, so that
/// folding something twice shows.
void fold_event(Rows& rows, std::string_view event);
void fold_answer(Rows& rows, std::string_view answer);
void fold_frame(Rows& rows, const bus::Frame& frame);

struct Views {
  Rows rows;
  bus::AcceptanceState position;
};

struct Command {
  enum class Kind { set, look, issue, redeem, enrol, verify, reserve, give_back, upgrade };
  Kind kind{};
  std::string id;     ///< idempotency key
  std::string row;    ///< "r:..", "c:..", "p:..", "o:..", "l:.."
  std::string value;  ///< of give_back: the id that reserved the activation
  bus::Lane lane = bus::Lane::interactive;
};

/// A licence's row has the id of each that holds an activation, with this before and after it: ";7;12;".
constexpr char holder_end = ';';
constexpr std::size_t most_holders = 3;

struct Outcome {
  bool refused = false;
  bool replayed = false;
  bool wrote = false;
  std::string answer;  ///< for a refusal: the row's value that it rests on
};

class RegisterWork final : public bus::Work {
 public:
  using Settled = std::function<void(const RegisterWork&, const bus::Settlement&)>;
  RegisterWork(Command order, Settled settled) : command(std::move(order)), settled_(std::move(settled)) {}

  bus::Lane lane() const override { return command.lane; }
  void settle(const bus::Settlement& settlement) noexcept override { settled_(*this, settlement); }

  const Command command;
  Outcome outcome;

 private:
  Settled settled_;
};

class RegistersDecider;

class RegistersBatch final : public bus::Batch {
 public:
  explicit RegistersBatch(RegistersDecider& decider, bus::TimeMs begun) : time(begun), decider_(decider) {}
  bool run(bus::Work& work) override;
  bool full() const override;
  const bus::FrameContents& contents() const override { return contents_; }
  std::size_t size_bytes() const override { return 100 * contents_.events.size(); }

  const bus::TimeMs time;
  Rows rows;
  bus::AcceptanceState after;
  bool published = false;
  bool bulk_before_interactive = false;
  int bulk_works = 0;

 private:
  void decide(RegisterWork& work);
  void write(const RegisterWork& work, const std::string& row, const std::string& value);

  RegistersDecider& decider_;
  bus::FrameContents contents_;
};

class RegistersDecider final : public bus::Decider {
 public:
  RegistersDecider(Views& views, std::set<std::string>& durable_keys) : views_(views), keys_(durable_keys) {}

  std::shared_ptr<bus::Batch> begin(bus::TimeMs time) override;
  void discard_unpublished() override;
  void publish(const std::shared_ptr<bus::Batch>& batch, const bus::AcceptanceState& after) override;
  void land(const std::shared_ptr<bus::Batch>& batch) override;

  /// A frame of another writer; seen when all that was folded stands in the views.
  void absorb(const bus::AcceptedRecord& record);
  void absorbed(const bus::AcceptanceState& state);

  /// What readers see: views and published batches.
  std::string visible(const std::string& row) const;
  /// The newest frame that is in that.
  bus::FrameNumber newest_visible() const;
  /// Called before a frame becomes visible.
  std::function<void(bus::FrameNumber)> on_visible;
  std::size_t published_not_landed() const;
  std::size_t events_per_batch = 8;
  std::size_t largest_value_behind_others = 1'000'000;  ///< larger ones don't fit into a frame that has something
  bool bulk_out_of_turn = false;  ///< a bulk work ran before an interactive one, or two in one batch
  std::set<std::string>& keys() { return keys_; }

 private:
  friend class RegistersBatch;
  std::string look_up(const RegistersBatch& asking, const std::string& row) const;

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<RegistersBatch>> batches_;  ///< begun and not landed, oldest first
  Views& views_;
  std::optional<Rows> folded_;  ///< on the way into the views
  std::set<std::string>& keys_;
};

}  // namespace countersign::testing
