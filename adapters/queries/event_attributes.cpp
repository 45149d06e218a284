#include "adapters/queries/event_attributes.h"

#include <algorithm>

#include "adapters/queries/correlation.h"
#include "domain/event_catalogue.h"
#include "projections/index/country.h"

namespace countersign::queries {
namespace {

using domain::EventView;
using domain::Party;
using domain::PartyKind;
using projections::Few;
using projections::IndexValue;
using projections::Many;
using Form = Attribute::Form;

std::string type_name(std::uint8_t type) {
  return std::string(domain::name_of(static_cast<domain::EventType>(type)).name);
}
std::string sub_type(std::uint8_t type) {
  return std::string(domain::name_of(static_cast<domain::EventType>(type)).sub_type);
}
std::string action(std::uint8_t type) {
  return std::string(domain::name_of(static_cast<domain::EventType>(type)).action);
}
std::string severity(std::uint8_t severity) {
  return std::string(projections::severity_text(severity));
}
std::string result(std::uint8_t outcome) {
  return static_cast<domain::Outcome>(outcome) == domain::Outcome::success ? "success" : "failure";
}
std::string reason(std::uint8_t reason) {
  return std::string(domain::reason_text(static_cast<domain::Reason>(reason)));
}
std::string kind(std::uint8_t kind) {
  const auto party = static_cast<PartyKind>(kind);
  return party == PartyKind::none ? "" : std::string(domain::party_kind_text(party));
}

std::string party(const IndexValue& value) {
  return domain::party_text(projections::party_of(value));
}
std::string session(const IndexValue& value) {
  return value.is_none() ? "" : domain::SessionId{projections::uuid_of(value)}.text();
}
std::string hexadecimal(const IndexValue& value) {
  return correlation_text(projections::uuid_of(value));
}
/// Tries every kind of party; a text that is spelled in another way than ours is no party's.
std::optional<IndexValue> party_with(std::string_view text) {
  for (int number = 0; number < 256; ++number) {
    const auto kind = static_cast<PartyKind>(number);
    Party candidate{kind, {}};
    const auto example = domain::party_text(candidate);
    if (example == text && !example.empty()) return projections::index_value(candidate);
    if (example.size() != text.size()) continue;
    const auto prefix = example.substr(0, example.find('_'));
    const auto id = domain::parse_id(prefix, text);
    if (!id) continue;
    candidate.id = *id;
    if (domain::party_text(candidate) == text) return projections::index_value(candidate);
  }
  return std::nullopt;
}
std::optional<IndexValue> session_with(std::string_view text) {
  const auto id = domain::SessionId::parse(text);
  return id && id->text() == text ? std::optional(projections::index_value(id->uuid)) : std::nullopt;
}
std::optional<IndexValue> hexadecimal_with(std::string_view text) {
  const auto id = correlation_uuid(text);
  return correlation_text(id) == text ? std::optional(projections::index_value(id)) : std::nullopt;
}

/// An attribute whose value in an event is that of its field in the index.
template <Few field, auto text_of>
constexpr Attribute few(std::string_view name) {
  return {.name = name,
          .of = [](const EventView& event) -> AttributeValue {
            return text_of(projections::indexed(event).few[static_cast<std::size_t>(field)]);
          },
          .few = field,
          .few_text = text_of};
}
template <Many field, auto text_of, auto value_with>
constexpr Attribute many(std::string_view name, Form form = Form::text) {
  return {.name = name,
          .form = form,
          .of = [](const EventView& event) -> AttributeValue {
            return text_of(projections::indexed(event).many[static_cast<std::size_t>(field)]);
          },
          .many = field,
          .many_text = text_of,
          .many_value = value_with};
}

constexpr Attribute attributes[] = {
    {.name = "id", .of = [](const EventView& e) -> AttributeValue { return e.id().text(); }},
    {.name = "sequence",
     .form = Form::number,
     .of = [](const EventView& e) -> AttributeValue { return static_cast<std::int64_t>(e.sequence()); }},
    {.name = "time", .form = Form::time, .of = [](const EventView& e) -> AttributeValue { return e.time(); }},
    few<Few::type, type_name>("type"),
    few<Few::type, sub_type>("sub_type"),
    few<Few::type, action>("action"),
    few<Few::severity, severity>("severity"),
    few<Few::outcome, result>("outcome"),
    few<Few::outcome, result>("outcome.result"),
    few<Few::reason, reason>("outcome.reason"),
    few<Few::actor_type, kind>("actor.type"),
    few<Few::subject_type, kind>("subject.type"),
    few<Few::target_type, kind>("target.type"),
    many<Many::actor, party, party_with>("actor"),
    many<Many::actor, party, party_with>("actor.id"),
    many<Many::subject, party, party_with>("subject"),
    many<Many::subject, party, party_with>("subject.id"),
    many<Many::target, party, party_with>("target"),
    many<Many::target, party, party_with>("target.id"),
    many<Many::session, session, session_with>("session_id"),
    many<Many::correlation, hexadecimal, hexadecimal_with>("correlation_id", Form::correlation),
    many<Many::ip, hexadecimal, hexadecimal_with>("client.ip", Form::address),
    few<Few::country, projections::country_of_byte>("client.country"),
};

}  // namespace

const Attribute* find_attribute(std::string_view name) {
  const auto* found = std::ranges::find(attributes, lower_ascii(name), [](const Attribute& a) { return a.name; });
  return found == std::end(attributes) ? nullptr : found;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace countersign::queries
