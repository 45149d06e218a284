#pragma once
// What event discovery knows of an event: fields with few values, a byte each; fields with many values, ids and keyed
// digests; its time. All of it stands in the event's clear part: no seal is opened, nothing personal is here.

#include <array>
#include <compare>
#include <cstdint>

#include "domain/event.h"

namespace countersign::projections {

/// Raised when a segment's content or encoding changes: stored segments of another version are built again.
inline constexpr std::uint32_t event_index_version = 2;

enum class Few : std::uint8_t { type, outcome, reason, severity, actor_type, subject_type, target_type, country };
inline constexpr std::size_t few_count = 8;

enum class Many : std::uint8_t { actor, subject, target, session, correlation, ip };
inline constexpr std::size_t many_count = 6;

/// A party (its kind, then its id), a session, a correlation id, or the keyed digest of a source address; all zero
/// where the event has none.
struct IndexValue {
  std::array<std::uint8_t, 17> bytes{};
  auto operator<=>(const IndexValue&) const = default;
  bool is_none() const { return *this == IndexValue{}; }
};

IndexValue index_value(const domain::Party& party);
IndexValue index_value(const domain::Uuid& id);
IndexValue index_value(const std::array<std::uint8_t, 16>& digest);
domain::Party party_of(const IndexValue& value);
domain::Uuid uuid_of(const IndexValue& value);

struct IndexValueHash {
  std::size_t operator()(const IndexValue& value) const;
};

struct IndexedEvent {
  domain::UnixMs time = 0;
  std::array<std::uint8_t, few_count> few{};
  std::array<IndexValue, many_count> many{};
  bool operator==(const IndexedEvent&) const = default;
};

/// Throws std::runtime_error for numbers that don't fit into a byte: then event_index_version has to change.
IndexedEvent indexed(const domain::EventView& event);

/// "informational" ... "critical", by their bytes in Few::severity.
std::string_view severity_text(std::uint8_t severity);

}  // namespace countersign::projections
