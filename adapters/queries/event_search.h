#pragma once
// Searches over an account's events by the index: walks in either order, exact counts by field, and over time. What the
// index can't judge (comparisons of event ids) is confirmed at the event itself.
//
// Limits: a search that may have to look at everything has a deadline, and throws SearchTooCostly beyond it.
// Concurrency: one thread, while the reading is held; counts over many segments take up to four threads of their own.

#include <chrono>
#include <functional>
#include <stdexcept>
#include <vector>

#include "adapters/queries/event_attributes.h"
#include "adapters/queries/event_filter.h"
#include "projections/index/event_index.h"

namespace countersign::queries {

struct SearchTooCostly : std::runtime_error {
  SearchTooCostly() : std::runtime_error("the search took too long") {}
};

struct SearchRange {
  std::uint64_t first = 1;  ///< sequences
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  domain::UnixMs since = std::numeric_limits<domain::UnixMs>::min();
  domain::UnixMs until = std::numeric_limits<domain::UnixMs>::max();  ///< exclusive
};

class EventSearch {
 public:
  using Clock = std::chrono::steady_clock;

  EventSearch(const projections::EventIndex::Reading& reading, const projections::Views& views,
              domain::AccountId account, EventFilter filter, SearchRange range, Clock::time_point deadline);

  /// Visits what may match, newest or oldest first, until `visit` returns false. The filter has been applied as far as
  /// the index can; see exact().
  using Visit = std::function<bool(std::uint64_t sequence)>;
  void walk(bool newest_first, const Visit& visit) const;
  /// Whether walk() visits nothing but what matches.
  bool exact() const { return exact_; }
  const EventFilter& filter() const { return filter_; }
  /// The event itself; false when it can't be read.
  bool read(std::uint64_t sequence, const std::function<void(const domain::EventView&, bus::FrameNumber)>& use) const;

  struct FieldCounts {
    const Attribute* attribute = nullptr;
    std::array<std::uint64_t, 256> few{};
    std::vector<std::pair<projections::IndexValue, std::uint64_t>> many;
  };
  struct Counts {
    std::uint64_t total = 0;
    std::vector<FieldCounts> fields;
  };
  /// Exact, whatever the filter.
  Counts count(const std::vector<const Attribute*>& fields) const;
  /// How many events lie in each of the intervals between two neighbouring times, which rise.
  std::vector<std::uint64_t> count_between(const std::vector<domain::UnixMs>& times) const;
  /// The first and the last event's time within the range, whatever the filter; nothing when none lies in it.
  std::optional<std::pair<domain::UnixMs, domain::UnixMs>> times() const;

 private:
  using Segment = projections::Segment;
  struct Part {
    std::shared_ptr<const Segment> segment;
    std::shared_ptr<const projections::ValueNumbers> numbers;
    std::size_t from = 0, until = 0;  ///< of its events, those in the range
    bool frozen = false;
    bool whole() const { return frozen && from == 0 && until == segment->size(); }
  };
  /// Numbers of segments, `end` excluded.
  struct Share {
    std::size_t begin = 0, end = 0;
  };
  Part part(std::size_t number) const;
  Share all_segments() const;
  template <class Use>
  void each_part(Share share, bool newest_first, Use use) const;
  /// What `count` makes of each share, in order. Shares are counted at the same time.
  template <class Counted>
  std::vector<Counted> in_shares(const std::function<Counted(Share)>& count) const;
  void evaluate(const Part& part, projections::Bits& bits) const;
  void confirm(const Part& part, projections::Bits& bits) const;
  std::optional<std::uint64_t> known_count(const Part& part) const;
  std::vector<std::uint64_t> count_between(const std::vector<domain::UnixMs>& times, Share share) const;
  class Counting;
  void keep_within_time() const;

  const projections::EventIndex::Reading& reading_;
  const projections::Views& views_;
  const domain::AccountId account_;
  const EventFilter filter_;
  const std::optional<EventFilter::Single> single_;
  const SearchRange range_;
  const Clock::time_point deadline_;
  const bool exact_;
};

}  // namespace countersign::queries
