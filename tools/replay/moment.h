#pragma once
// A place in an account's history, as an auditor names it: a time, a position as the API's answers have it
// (Countersign-Position, an event's `position`), or "#17", the account's event with that sequence. What happened at the
// place itself belongs to it.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bus/frame.h"
#include "domain/event.h"

namespace countersign::replay {

class Moment {
 public:
  /// Everything there is.
  Moment() = default;
  static Moment at_time(domain::UnixMs time) { return Moment(At{time}); }
  static Moment at_sequence(std::uint64_t sequence) { return Moment(At{Sequence{sequence}}); }
  /// Nothing when the text is none of the three.
  static std::optional<Moment> parse(std::string_view text);

  /// Whether frames of this number and time may still be of it: false for all behind the first for which it is false.
  bool reaches(const bus::Frame& frame) const;
  /// Whether an account's event is of it; its frame is.
  bool covers(const domain::EventView& event) const;
  /// As the beginning of a range: a time or a sequence belongs to it, a position is what had been read already.
  bool begins_before(const domain::EventView& event, bus::FrameNumber frame) const;
  /// Whether nothing behind this event is of it.
  bool ends_with(const domain::EventView& event) const;
  /// Throws std::runtime_error when it is a position of another log.
  void require_of(const bus::LogIdentity& log) const;

  bool is_end() const { return std::holds_alternative<std::monostate>(at_); }
  /// The time that it names, if it names one.
  std::optional<domain::UnixMs> time() const;
  /// The sequence that it names, if it names one.
  std::optional<std::uint64_t> sequence() const;
  std::string text() const;
  bool operator==(const Moment&) const = default;

 private:
  struct Sequence {
    std::uint64_t value = 0;
    bool operator==(const Sequence&) const = default;
  };
  struct Place {
    bus::LogIdentity log;
    bus::FrameNumber frame{};
    bool operator==(const Place&) const = default;
  };
  using At = std::variant<std::monostate, domain::UnixMs, Sequence, Place>;
  explicit Moment(At at) : at_(at) {}
  At at_;
};

}  // namespace countersign::replay
