#include "projections/index/indexed_event.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "domain/event_catalogue.h"
#include "projections/index/country.h"

namespace countersign::projections {
namespace {

constexpr std::string_view severities[] = {"informational", "low", "medium", "high", "critical"};

template <class Enum>
std::uint8_t byte_of(Enum value) {
  const auto number = static_cast<unsigned>(value);
  if (number > 255) throw std::runtime_error("event index: the number " + std::to_string(number) + " takes two bytes");
  return static_cast<std::uint8_t>(number);
}

std::uint8_t severity_byte(const domain::EventView& event) {
  const auto text = domain::severity_of(event.type(), event.reason());
  const auto* found = std::ranges::find(severities, text);
  if (found == std::end(severities)) throw std::runtime_error("event index: unknown severity " + std::string(text));
  return static_cast<std::uint8_t>(found - severities);
}

}  // namespace

IndexValue index_value(const domain::Party& party) {
  IndexValue value;
  value.bytes[0] = static_cast<std::uint8_t>(party.kind);
  std::ranges::copy(party.id.bytes, value.bytes.begin() + 1);
  return value;
}

IndexValue index_value(const domain::Uuid& id) {
  return index_value(id.bytes);
}

IndexValue index_value(const std::array<std::uint8_t, 16>& digest) {
  IndexValue value;
  std::ranges::copy(digest, value.bytes.begin() + 1);
  return value;
}

domain::Party party_of(const IndexValue& value) {
  return {static_cast<domain::PartyKind>(value.bytes[0]), uuid_of(value)};
}

domain::Uuid uuid_of(const IndexValue& value) {
  domain::Uuid id;
  std::copy(value.bytes.begin() + 1, value.bytes.end(), id.bytes.begin());
  return id;
}

std::size_t IndexValueHash::operator()(const IndexValue& value) const {
  std::uint64_t words[2];
  std::memcpy(words, value.bytes.data() + 1, sizeof words);
  return (words[0] ^ value.bytes[0]) * 0x9e3779b97f4a7c15 ^ words[1];
}

IndexedEvent indexed(const domain::EventView& event) {
  const auto& clear = event.clear();
  const auto actor = event.actor(), subject = event.subject(), target = event.target();
  IndexedEvent out;
  out.time = event.time();
  out.few = {byte_of(event.type()), byte_of(clear.outcome()), byte_of(event.reason()), severity_byte(event),
             byte_of(actor.kind),   byte_of(subject.kind),    byte_of(target.kind),    country_byte(clear.country())};
  std::array<std::uint8_t, 16> ip{};
  if (const auto* digest = clear.ip()) std::memcpy(ip.data(), digest->bytes()->Data(), ip.size());
  out.many = {index_value(actor),
              index_value(subject),
              index_value(target),
              index_value(domain::EventView::to_uuid(clear.session())),
              index_value(domain::EventView::to_uuid(clear.correlation())),
              index_value(ip)};
  return out;
}

std::string_view severity_text(std::uint8_t severity) {
  return severity < std::size(severities) ? severities[severity] : std::string_view();
}

}  // namespace countersign::projections
