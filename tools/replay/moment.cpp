#include "tools/replay/moment.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "adapters/queries/position_text.h"
#include "adapters/queries/rfc3339.h"

namespace countersign::replay {

std::optional<Moment> Moment::parse(std::string_view text) {
  if (text.starts_with('#')) {
    std::uint64_t sequence = 0;
    const auto digits = text.substr(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return at_sequence(sequence);
  }
  if (const auto time = queries::parse_rfc3339(text)) return at_time(*time);
  if (const auto position = queries::parse_position(text)) return Moment(At{Place{position->log, position->frame}});
  return std::nullopt;
}

bool Moment::reaches(const bus::Frame& frame) const {
  if (const auto* time = std::get_if<domain::UnixMs>(&at_)) return bus::value(frame.time) <= *time;
  if (const auto* place = std::get_if<Place>(&at_)) return frame.number <= place->frame;
  return true;
}

bool Moment::covers(const domain::EventView& event) const {
  const auto* sequence = std::get_if<Sequence>(&at_);
  return !sequence || event.sequence() <= sequence->value;
}

bool Moment::begins_before(const domain::EventView& event, bus::FrameNumber frame) const {
  if (const auto* time = std::get_if<domain::UnixMs>(&at_)) return event.time() >= *time;
  if (const auto* sequence = std::get_if<Sequence>(&at_)) return event.sequence() >= sequence->value;
  if (const auto* place = std::get_if<Place>(&at_)) return frame > place->frame;
  return true;
}

bool Moment::ends_with(const domain::EventView& event) const {
  return sequence() == event.sequence();
}

std::optional<std::uint64_t> Moment::sequence() const {
  const auto* sequence = std::get_if<Sequence>(&at_);
  return sequence ? std::optional(sequence->value) : std::nullopt;
}

void Moment::require_of(const bus::LogIdentity& log) const {
  const auto* place = std::get_if<Place>(&at_);
  if (!place) return;
  // A position's text holds the first half of the cluster's id.
  if (place->log.partition != log.partition ||
      !std::equal(log.cluster.begin(), log.cluster.begin() + 8, place->log.cluster.begin()))
    throw std::runtime_error("the position " + text() + " is one of another log");
}

std::optional<domain::UnixMs> Moment::time() const {
  const auto* time = std::get_if<domain::UnixMs>(&at_);
  return time ? std::optional(*time) : std::nullopt;
}

std::string Moment::text() const {
  if (const auto* time = std::get_if<domain::UnixMs>(&at_)) return queries::rfc3339(*time);
  if (const auto* sequence = std::get_if<Sequence>(&at_)) return "#" + std::to_string(sequence->value);
  if (const auto* place = std::get_if<Place>(&at_))
    return queries::text_of(queries::Position{place->log, place->frame});
  return "";
}

}  // namespace countersign::replay
