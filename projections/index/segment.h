#pragma once
// A run of one account's events as columns: what discovery filters and counts. It grows until it is full; then it is
// frozen, has one encoding, and never changes again. Each value of a field with many values stands once, and events
// hold its number.
//
// Measured (docs/adr/0008): with columns of bytes a filter costs 4 microseconds a segment, and needs no bitmap per
// value.
//
// Limits: 65,536 events; about 100 bytes an event. Concurrency: a frozen segment by any number of readers; a growing
// one by readers as long as nobody appends.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "projections/index/bits.h"
#include "projections/index/indexed_event.h"

namespace countersign::projections {

class Segment {
 public:
  static constexpr std::size_t most_events = Bits::most;

  explicit Segment(std::uint64_t first_sequence, std::size_t capacity = most_events)
      : first_sequence_(first_sequence), capacity_(capacity) {}

  void append(const IndexedEvent& event);
  bool full() const { return times_.size() == capacity_; }
  /// Brings values into their order, so that equal events make equal bytes.
  void freeze();
  /// Of a frozen one.
  std::string encode() const;
  /// Throws std::runtime_error when these aren't the bytes of a segment of this version.
  static std::shared_ptr<Segment> decode(std::string_view bytes, std::size_t capacity = most_events);

  std::size_t size() const { return times_.size(); }
  std::uint64_t first_sequence() const { return first_sequence_; }
  IndexedEvent event(std::size_t i) const;
  domain::UnixMs time(std::size_t i) const { return times_[i]; }
  /// The first event at or after `time`; size() when there is none.
  std::size_t first_at(domain::UnixMs time) const;

  std::span<const std::uint8_t> column(Few field) const { return few_[static_cast<std::size_t>(field)].bytes; }
  /// How many events have this byte.
  std::uint32_t count(Few field, std::uint8_t value) const {
    return few_[static_cast<std::size_t>(field)].counts[value];
  }
  std::span<const std::uint16_t> column(Many field) const { return many_[static_cast<std::size_t>(field)].numbers; }
  std::span<const IndexValue> values(Many field) const { return many_[static_cast<std::size_t>(field)].values; }
  std::optional<std::uint16_t> find(Many field, const IndexValue& value) const;

  /// Sets the bits of the events that have this byte, or number.
  void match(Few field, std::uint8_t value, Bits& bits) const;
  void match(Many field, std::uint16_t number, Bits& bits) const;

  /// Of a frozen one: how many events have both bytes.
  std::uint32_t count(Few first, std::uint8_t first_value, Few second, std::uint8_t second_value) const;
  /// Of a frozen one: how many events have each number.
  const std::vector<std::uint32_t>& counts(Many field) const;

  /// Of a frozen one: makes the counts ahead, which otherwise the first reader waits for (2 ms).
  void count_ahead() const;

  std::size_t memory_bytes() const;

 private:
  struct FewColumn {
    std::vector<std::uint8_t> bytes;
    std::array<std::uint32_t, 256> counts{};
  };
  struct ManyColumn {
    std::vector<std::uint16_t> numbers;
    std::vector<IndexValue> values;                                                 ///< in their order once frozen
    boost::unordered_flat_map<IndexValue, std::uint16_t, IndexValueHash> by_value;  ///< while it grows
  };
  struct Cube;
  const Cube& cube() const;

  std::uint64_t first_sequence_;
  std::size_t capacity_;
  bool frozen_ = false;
  std::vector<domain::UnixMs> times_;
  std::array<FewColumn, few_count> few_;
  std::array<ManyColumn, many_count> many_;
  mutable std::once_flag cube_made_, counts_made_;
  mutable std::shared_ptr<const Cube> cube_;
  mutable std::array<std::vector<std::uint32_t>, many_count> counts_;
};

}  // namespace countersign::projections
