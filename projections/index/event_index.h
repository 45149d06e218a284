#pragma once
// Event discovery's index over every account: full segments, frozen and stored, and behind them the newest events in
// one that still grows. It follows the events that have landed in the views; whoever reads an account first brings it
// up to date, and a thread does so ahead of him.
//
// Outward projection: it holds nothing that the views don't, has no position of its own, and is built again from them
// whenever segments are missing or belong to another history. Reading opens no seal.
//
// Concurrency: any thread. Limits: `memory_bytes` of decoded full segments; beyond that those used least lately are
// read again when they are asked for.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "projections/index/segment.h"
#include "projections/index/segment_store.h"
#include "projections/views.h"

namespace countersign::projections {

struct EventIndexOptions {
  std::size_t memory_bytes = std::size_t{1} << 30;
  std::chrono::milliseconds look_every{200};  ///< for new events, by the thread
  std::size_t chunk_events = 8'192;           ///< taken at a time; readers wait that long at most
  std::size_t segment_events = Segment::most_events;
};

/// For fields that are often counted by: numbers of values that are the same in all segments of an account, so that
/// counts need no look-up of values. By the segment's own numbers; empty for other fields.
using ValueNumbers = std::array<std::vector<std::uint32_t>, many_count>;
constexpr bool is_numbered(Many field) {
  return field == Many::actor || field == Many::subject || field == Many::ip;
}

class EventIndex {
  struct Account;

 public:
  EventIndex(const Views& views, SegmentStore& store, EventIndexOptions options = {});
  ~EventIndex();
  EventIndex(const EventIndex&) = delete;
  EventIndex& operator=(const EventIndex&) = delete;

  /// An account's events from the first to the newest that had landed; they stand still while this object lives.
  class Reading {
   public:
    /// The growing one, which is the last, included.
    std::size_t segments() const { return full_ + 1; }
    std::shared_ptr<const Segment> segment(std::size_t number) const { return load(number).segment; }
    struct Loaded {
      std::shared_ptr<const Segment> segment;
      std::shared_ptr<const ValueNumbers> numbers;
    };
    Loaded load(std::size_t number) const;
    /// The values of these numbers, of a field that is numbered, with what stands at their places in `counts`.
    std::vector<std::pair<IndexValue, std::uint64_t>> values(Many field,
                                                             const std::vector<std::uint32_t>& counts) const;
    /// How many values of a field that is numbered have a number by now.
    std::size_t value_count(Many field) const;
    std::uint64_t last_sequence() const;
    /// Of a full segment.
    std::size_t segment_events() const { return index_.options_.segment_events; }

   private:
    friend class EventIndex;
    Reading(EventIndex& index, std::shared_ptr<Account> account);
    EventIndex& index_;
    std::shared_ptr<Account> account_;
    std::shared_lock<std::shared_mutex> lock_;
    std::size_t full_ = 0;
  };
  Reading read(domain::AccountId account) { return *read(account, std::chrono::steady_clock::time_point::max()); }
  /// Nothing when the account's events could not all be taken in by `deadline`; what has been stays.
  std::optional<Reading> read(domain::AccountId account, std::chrono::steady_clock::time_point deadline);

  /// The thread's work, for one round: what is behind, over all accounts, by a chunk each. False: nothing was behind.
  bool follow();
  /// Begins the thread that follows; ended by the destructor.
  void start();

  struct Status {
    std::uint64_t events = 0, behind = 0;  ///< indexed; landed and not indexed yet
    std::int64_t behind_ms = 0;            ///< between the newest event that has landed and the newest one indexed
    Positions followed;                    ///< all frames up to here are indexed
    std::uint64_t parked = 0;              ///< could not be read: they count, but no filter finds them
    std::string last_error;
  };
  Status status() const;

 private:
  std::shared_ptr<Account> account(domain::AccountId id);
  /// With the account's mutex held: takes at most `most` events that have landed; how many it took.
  std::size_t catch_up(Account& account, std::size_t most);
  void open(Account& account);
  bool ends_as_the_views_say(domain::AccountId account, std::size_t count) const;
  Reading::Loaded load(Account& account, std::size_t number);
  void number_values(Account& account, const Segment& segment, ValueNumbers& numbers);
  std::uint64_t first_of(std::size_t number) const { return number * options_.segment_events + 1; }
  std::shared_ptr<Segment> new_segment(std::uint64_t first) const;
  std::shared_ptr<Segment> build(const Account& account, std::size_t number);
  void append(const Account& account, Segment& segment, std::string_view event);
  Reading::Loaded keep(Account& account, std::size_t number, std::shared_ptr<Segment> segment);
  void note_error(const std::string& text);

  const Views& views_;
  SegmentStore& store_;
  const EventIndexOptions options_;

  mutable std::mutex accounts_mutex_;
  std::unordered_map<domain::AccountId, std::shared_ptr<Account>, domain::UuidHash> accounts_;

  std::mutex loaded_mutex_;  ///< guards which full segments are in memory, of all accounts
  std::size_t loaded_bytes_ = 0;
  std::uint64_t uses_ = 0;

  mutable std::mutex status_mutex_;
  Status status_;

  std::mutex stop_mutex_;
  std::condition_variable stop_wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace countersign::projections
