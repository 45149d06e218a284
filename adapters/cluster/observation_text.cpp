#include "adapters/cluster/observation_text.h"

#include <boost/json/serialize.hpp>

#include "adapters/http/server/json_body.h"
#include "adapters/http/server/json_fields.h"
#include "adapters/keys/rfc4648.h"
#include "domain/event_catalogue.h"
#include "domain/slot.h"

namespace countersign::cluster {
namespace {

namespace json = boost::json;
using domain::EventType;
using domain::PartyKind;
using http::Fields;

constexpr std::string_view id_prefix = "obs";
constexpr std::int64_t most_count = 1'000'000'000;
constexpr http::TextRule id_rule{.most = 64};

void put(json::object& out, const char* name, const domain::Party& party) {
  if (party.kind == PartyKind::none) return;
  const bool has_id = party.kind == PartyKind::api_key || party.kind == PartyKind::user;
  out[name] = has_id ? domain::party_text(party) : std::string(domain::party_kind_text(party.kind));
}

json::object written(const commands::ReadLog::Counted& counted) {
  const auto& [reader, reads] = counted;
  json::object out{{"account", domain::account_text(reader.account)},
                   {"lists", reads.lists},
                   {"facets", reads.facets},
                   {"histograms", reads.histograms},
                   {"log", reads.log},
                   {"since", reads.since}};
  put(out, "actor", reader.actor);
  if (reader.role != domain::Role::none) out["role"] = domain::role_text(reader.role);
  return out;
}

json::object written(const commands::RefusalLog::Counted& counted) {
  const auto& refused = counted.refused;
  json::object out{{"account", domain::account_text(refused.account)},
                   {"type", domain::name_of(refused.type).name},
                   {"reason", domain::reason_text(refused.reason)},
                   {"ip", refused.ip},
                   {"count", counted.count},
                   {"since", counted.window_start}};
  if (refused.source)
    out["source"] = keys::base64url({reinterpret_cast<const char*>(refused.source->data()), refused.source->size()});
  put(out, "actor", refused.actor);
  put(out, "subject", refused.subject);
  return out;
}

json::object written(const commands::SessionActivity::Due& due) {
  return {{"account", domain::account_text(due.account)},
          {"user", due.seen.user.text()},
          {"session", due.seen.session.text()},
          {"at", due.seen.at},
          {"logged", due.logged_before}};
}

json::object written(const commands::KeyUse::Used& used) {
  return {{"account", domain::account_text(used.account)}, {"key", used.key.text()}, {"at", used.at}};
}

template <class Each>
json::array written(const std::vector<Each>& all) {
  json::array out;
  out.reserve(all.size());
  for (const auto& each : all) out.push_back(written(each));
  return out;
}

// --- reading ---------------------------------------------------------------------------------------------------------

/// What the items of a batch are held against.
struct Rules {
  std::uint32_t partition = 0, partitions = 1;
  domain::UnixMs latest = 0;
};

template <class Id>
Id id_in(Fields& fields, std::string_view name) {
  const auto id = Id::parse(fields.text(name, id_rule));
  if (!id) fields.invalid(name, "is no such id");
  return id.value_or(Id{});
}

domain::AccountId account_in(Fields& fields, const Rules& rules) {
  const auto account = domain::parse_account(fields.text("account", id_rule));
  if (!account)
    fields.invalid("account", "is no account's id");
  else if (domain::partition_of(*account, rules.partitions) != rules.partition)
    fields.invalid("account", "is of another partition");
  return account.value_or(domain::AccountId{});
}

domain::UnixMs time_in(Fields& fields, std::string_view name, const Rules& rules) {
  return fields.integer(name, 0, rules.latest);
}

std::uint64_t count_in(Fields& fields, std::string_view name) {
  return static_cast<std::uint64_t>(fields.integer(name, 0, most_count));
}

domain::Party party_in(Fields& fields, std::string_view name) {
  const auto text = fields.optional_text(name, id_rule);
  if (!text) return {};
  for (const auto kind : {PartyKind::root, PartyKind::system, PartyKind::source})
    if (*text == domain::party_kind_text(kind)) return {kind, {}};
  if (const auto key = domain::ApiKeyId::parse(*text)) return domain::party(*key);
  fields.invalid(name, "is nobody who could have asked");
  return {};
}

domain::Party subject_in(Fields& fields) {
  const auto text = fields.optional_text("subject", id_rule);
  if (!text) return {};
  if (const auto key = domain::ApiKeyId::parse(*text)) return domain::party(*key);
  if (const auto user = domain::UserId::parse(*text)) return domain::party(*user);
  fields.invalid("subject", "is nobody who is refused by name");
  return {};
}

domain::Role role_in(Fields& fields) {
  const auto text = fields.optional_text("role", id_rule);
  if (!text) return domain::Role::none;
  if (*text == domain::role_text(domain::Role::root)) return domain::Role::root;
  const auto role = domain::parse_role(*text);
  if (!role) fields.invalid("role", "is no role");
  return role.value_or(domain::Role::none);
}

EventType type_in(Fields& fields) {
  const auto type = domain::event_type(fields.text("type", id_rule));
  constexpr EventType counted[] = {EventType::api_key_refused, EventType::registration_code_redemption_refused,
                                   EventType::authenticator_verification_refused, EventType::challenge_refused};
  if (type && std::ranges::find(counted, *type) != std::end(counted)) return *type;
  fields.invalid("type", "is no refusal that is counted");
  return EventType::api_key_refused;
}

domain::Reason reason_in(Fields& fields) {
  const auto text = fields.text("reason", id_rule);
  for (const auto reason : domain::fb::EnumValuesReason())
    if (reason != domain::Reason::none && domain::reason_text(reason) == text) return reason;
  fields.invalid("reason", "is no reason");
  return domain::Reason::none;
}

std::optional<commands::RefusalLog::Source> source_in(Fields& fields) {
  const auto text = fields.optional_text("source", id_rule);
  if (!text) return std::nullopt;
  commands::RefusalLog::Source source{};
  const auto bytes = keys::parse_base64url(*text);
  if (bytes && bytes->size() == source.size())
    std::ranges::copy(*bytes, source.begin());
  else
    fields.invalid("source", "is no digest of an address");
  return source;
}

commands::ReadLog::Counted reads_in(Fields& fields, const Rules& rules) {
  commands::ReadLog::Counted counted;
  counted.reader = {account_in(fields, rules), party_in(fields, "actor"), role_in(fields)};
  auto& reads = counted.reads;
  reads.lists = count_in(fields, "lists");
  reads.facets = count_in(fields, "facets");
  reads.histograms = count_in(fields, "histograms");
  reads.log = count_in(fields, "log");
  reads.since = time_in(fields, "since", rules);
  return counted;
}

commands::RefusalLog::Counted refusals_in(Fields& fields, const Rules& rules) {
  constexpr http::TextRule address{.least = 0, .most = 45};
  commands::RefusalLog::Counted counted;
  auto& refused = counted.refused;
  refused.account = account_in(fields, rules);
  refused.type = type_in(fields);
  refused.reason = reason_in(fields);
  refused.source = source_in(fields);
  refused.ip = fields.text("ip", address);
  refused.actor = party_in(fields, "actor");
  refused.subject = subject_in(fields);
  counted.count = static_cast<std::uint32_t>(count_in(fields, "count"));
  counted.window_start = time_in(fields, "since", rules);
  return counted;
}

commands::SessionActivity::Due session_in(Fields& fields, const Rules& rules) {
  commands::SessionActivity::Due due;
  due.account = account_in(fields, rules);
  due.seen = {id_in<domain::UserId>(fields, "user"), id_in<domain::SessionId>(fields, "session"),
              time_in(fields, "at", rules)};
  due.logged_before = time_in(fields, "logged", rules);
  return due;
}

commands::KeyUse::Used key_in(Fields& fields, const Rules& rules) {
  return {account_in(fields, rules), id_in<domain::ApiKeyId>(fields, "key"), time_in(fields, "at", rules)};
}

template <class Item>
void read(Fields& fields, const char* name, const Rules& rules, std::vector<Item>& into,
          Item (*item)(Fields&, const Rules&)) {
  constexpr std::size_t most = 3'000;  // above what is taken at a time, refusals with all their reasons included
  fields.objects(name, 0, most, [&](Fields& each) { into.push_back(item(each, rules)); });
}

}  // namespace

std::string text_of(const ObservationBatch& batch) {
  const auto& observations = batch.observations;
  return json::serialize(json::object{{"id", domain::id_text(id_prefix, batch.id)},
                                      {"partition", batch.partition},
                                      {"reads", written(observations.reads)},
                                      {"refusals", written(observations.refusals)},
                                      {"sessions", written(observations.sessions)},
                                      {"keys", written(observations.keys)}});
}

std::variant<ObservationBatch, http::Problem> parse_observations(std::string_view text, std::uint32_t partitions,
                                                                 domain::UnixMs now) {
  const http::JsonBody body(text);
  if (!body.ok()) return *body.problem();
  Fields fields(body.value());
  ObservationBatch batch;
  const auto id = domain::parse_id(id_prefix, fields.text("id", id_rule));
  if (!id) fields.invalid("id", "is no batch's id");
  batch.id = id.value_or(domain::Uuid{});
  batch.partition = static_cast<std::uint32_t>(fields.integer("partition", 0, partitions - 1));
  const Rules rules{batch.partition, partitions, now + most_ahead_ms};
  read(fields, "reads", rules, batch.observations.reads, &reads_in);
  read(fields, "refusals", rules, batch.observations.refusals, &refusals_in);
  read(fields, "sessions", rules, batch.observations.sessions, &session_in);
  read(fields, "keys", rules, batch.observations.keys, &key_in);
  if (auto problem = fields.finish()) return std::move(*problem);
  return batch;
}

}  // namespace countersign::cluster
