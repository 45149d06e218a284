#include "adapters/http/api/siem_destination_fields.h"

#include <boost/asio/ip/address.hpp>

#include "adapters/http/api/event_question.h"
#include "adapters/push/webhook_signature.h"
#include "adapters/queries/position_text.h"
#include "adapters/queries/rfc3339.h"
#include "projections/row_codec.h"

namespace countersign::http {
namespace {

constexpr std::string_view protocols[] = {"relp", "syslog_tls", "syslog_tcp", "syslog_udp", "webhook"};
constexpr std::string_view formats[] = {"native", "ocsf", "ecs", "cef", "leef"};
constexpr std::size_t most_name = 200, most_host = 253, most_url = 2048, most_filter = 4096, most_pem = 16 * 1024;

/// Null takes the text away.
void take_text(Fields& fields, std::string_view name, std::string& out, std::size_t most, bool newlines = false) {
  if (fields.is_null(name)) {
    fields.ignore(name);
    out.clear();
  } else if (auto text = fields.optional_text(name, {.most = most, .newlines = newlines})) {
    out = newlines ? std::move(*text) : trimmed(*text);
  }
}

void read_filter(Fields& fields, std::string& filter, const keys::Lookup& lookup) {
  take_text(fields, "filter", filter, most_filter);
  if (!fields.has("filter") || filter.empty()) return;
  try {
    read_event_filter(filter, lookup);
  } catch (const Problem& problem) {
    fields.invalid("filter", problem.detail);
  }
}

void read_secrets(Fields& fields, WantedDestination& wanted) {
  wanted.new_secrets = fields.has("client_key") || fields.has("signing_secret");
  take_text(fields, "client_key", wanted.secrets.client_key, most_pem, true);
  const auto typed = fields.optional_text("signing_secret", {.most = 100});
  if (!typed) return;
  const auto secret = push::parse_webhook_secret(*typed);
  if (secret)
    wanted.secrets.signing_secret = *secret;
  else
    fields.invalid("signing_secret", "whsec_ and 24 to 64 bytes in base 64 are expected");
}

/// The host of a URL that has been checked already, without the brackets of an IPv6 address.
std::string host_in(const std::string& url) {
  const auto begin = url.find("://") + 3;
  auto host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

Problem invalid(std::string_view field, std::string detail) {
  return {.status = 422,
          .code = "invalid-fields",
          .detail = "A field has a value that is not allowed.",
          .errors = {{"/" + std::string(field), std::move(detail)}}};
}

bool is_of(const bus::LogIdentity& log, const queries::Position& position) {
  return position.log.partition == log.partition &&
         std::equal(position.log.cluster.begin(), position.log.cluster.begin() + 8, log.cluster.begin());
}

}  // namespace

void read_new_destination(Fields& fields, WantedDestination& wanted) {
  const auto protocol = fields.choice("protocol", protocols);
  wanted.traits.protocol = exports::stored(*push::parse_protocol(protocols[protocol]));
  if (!fields.has("name")) fields.text("name");
}

void read_destination(Fields& fields, WantedDestination& wanted, const keys::Lookup& lookup) {
  auto& configuration = wanted.configuration;
  if (const auto name = fields.optional_text("name", {.most = most_name})) {
    configuration.name = trimmed(*name);
    if (configuration.name.empty()) fields.invalid("name", "it is blank");
  }
  take_text(fields, "host", configuration.host, most_host);
  if (const auto port = nullable_number(fields, "port", 1, 65'535))
    configuration.port = static_cast<std::uint16_t>(*port);
  take_text(fields, "url", configuration.url, most_url);
  if (const auto tls = fields.optional_boolean("tls")) wanted.traits.tls = *tls;
  if (const auto format = fields.optional_choice("format", formats))
    wanted.traits.format = exports::stored(*siem::parse_format(formats[*format]));
  if (const auto checkpoints = fields.optional_boolean("checkpoints")) wanted.traits.checkpoints = *checkpoints;
  read_filter(fields, configuration.filter, lookup);
  take_text(fields, "authorities", configuration.authorities, 2 * most_pem, true);
  take_text(fields, "client_certificate", configuration.client_certificate, most_pem, true);
  read_secrets(fields, wanted);
}

std::optional<Problem> refuse_receiver(const WantedDestination& wanted, const push::EgressRules& egress) {
  const auto receiver = exports::receiver_of(wanted.traits, wanted.configuration, wanted.secrets);
  if (auto flaw = push::flaw_in(receiver)) return invalid(flaw->field, std::move(flaw->text));
  const bool in_url = receiver.protocol == push::Protocol::webhook;
  boost::system::error_code is_a_name;  // which is looked up, and judged, at every connection
  const auto address = boost::asio::ip::make_address(in_url ? host_in(receiver.url) : receiver.host, is_a_name);
  if (is_a_name || egress.allows(address)) return std::nullopt;
  return invalid(in_url ? "url" : "host", push::EgressRules::refusal_of(address));
}

void seal_content(WantedDestination& wanted, const keys::Lookup& lookup, domain::AccountId account) {
  const auto& c = wanted.configuration;
  projections::RowWriter all;
  all.text(c.name).text(c.host).number(c.port).text(c.url).text(c.filter).text(c.authorities);
  all.text(c.client_certificate);
  wanted.traits.content = lookup.digest(keys::LookupKind::destination_content, account, all.take());
}

std::optional<exports::Beginning> read_beginning(Fields& fields, const bus::LogIdentity& log) {
  const auto* from = fields.any("from");
  if (!from || from->is_null()) return std::nullopt;
  if (from->is_int64() || from->is_uint64()) {
    if (from->is_int64() && from->get_int64() < 1)
      fields.invalid("from", "sequences begin with 1");
    else
      return exports::FromSequence{from->to_number<std::uint64_t>()};
    return std::nullopt;
  }
  if (!from->is_string()) {
    fields.malformed("from", "a text or a whole number is expected");
    return std::nullopt;
  }
  const std::string_view text = from->get_string();
  if (text == "beginning") return exports::FromSequence{1};
  if (text == "now") return exports::FromNow{};
  if (const auto time = queries::parse_rfc3339(text)) return exports::FromTime{*time};
  if (const auto position = queries::parse_position(text); position && is_of(log, *position))
    return exports::FromFrame{position->frame};
  fields.invalid("from", "\"beginning\", \"now\", a time, a position of this log or an event's sequence is expected");
  return std::nullopt;
}

}  // namespace countersign::http
