#pragma once
// The distinct numbers of a log, so that none can stand for another.

#include <compare>
#include <cstdint>

namespace countersign::bus {

/// Place of a record in one partition's log as its adapter counts. Later records have greater offsets; gaps may occur.
enum class Offset : std::int64_t {};
/// Number of an accepted frame or release in its partition, gapless from 1. Zero: before the first.
enum class FrameNumber : std::uint64_t {};
/// Number of a claim's term, greater with every accepted claim. Zero: before the first.
enum class Term : std::uint64_t {};
/// Milliseconds since 1970-01-01T00:00:00Z.
enum class TimeMs : std::int64_t {};

constexpr auto operator<=>(TimeMs a, TimeMs b) {
  return static_cast<std::int64_t>(a) <=> static_cast<std::int64_t>(b);
}
constexpr FrameNumber next(FrameNumber n) {
  return FrameNumber{static_cast<std::uint64_t>(n) + 1};
}
constexpr std::uint64_t value(FrameNumber n) {
  return static_cast<std::uint64_t>(n);
}
constexpr std::uint64_t value(Term t) {
  return static_cast<std::uint64_t>(t);
}
constexpr std::int64_t value(Offset o) {
  return static_cast<std::int64_t>(o);
}
constexpr std::int64_t value(TimeMs t) {
  return static_cast<std::int64_t>(t);
}

}  // namespace countersign::bus
