#include "tools/replay/export/bundle_entry.h"

#include <algorithm>
#include <boost/json.hpp>

#include "adapters/keys/rfc4648.h"

namespace countersign::replay {

namespace json = boost::json;

namespace {

/// What parse_entry() can't read ends its reading.
struct NoEntry {};

std::string text_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value || !value->is_string()) throw NoEntry{};
  return std::string(value->get_string());
}

std::string bytes_of(std::string_view text) {
  auto bytes = keys::parse_base64(text);
  if (!bytes) throw NoEntry{};
  return *std::move(bytes);
}

projections::TreeHash hash_of(const json::value& value) {
  projections::TreeHash hash;
  if (!value.is_string()) throw NoEntry{};
  const auto bytes = bytes_of(value.get_string());
  if (bytes.size() != hash.size()) throw NoEntry{};
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

BundleEntry read(const json::object& object) {
  BundleEntry entry;
  const auto* sequence = object.if_contains("sequence");
  const auto *proof = object.if_contains("proof"), *names = object.if_contains("names"),
             *key = object.if_contains("key");
  if (!sequence || !sequence->is_number() || !proof || !proof->is_array() || !names || !names->is_object() || !key)
    throw NoEntry{};
  entry.sequence = sequence->to_number<std::uint64_t>();
  entry.event = bytes_of(text_in(object, "event"));
  for (const auto& hash : proof->get_array()) entry.proof.push_back(hash_of(hash));
  if (key->is_string()) {
    const auto bytes = bytes_of(key->get_string());
    if (bytes.size() != keys::Key::size_bytes) throw NoEntry{};
    entry.disclosed.key = keys::Key(bytes);
  } else {
    const auto withheld = parse_withheld(text_in(object, "withheld"));
    if (!withheld || *withheld == Withheld::none) throw NoEntry{};
    entry.disclosed.withheld = *withheld;
  }
  const auto& of = names->get_object();
  entry.names = {text_in(of, "actor"), text_in(of, "subject"), text_in(of, "target")};
  entry.position = text_in(object, "position");
  return entry;
}

}  // namespace

std::string text_of(const BundleEntry& entry) {
  json::array proof;
  for (const auto& hash : entry.proof) proof.emplace_back(keys::base64(bus::view(hash)));
  const auto& [key, withheld] = entry.disclosed;
  json::object out{{"sequence", entry.sequence},
                   {"event", keys::base64(entry.event)},
                   {"proof", std::move(proof)},
                   {"key", key ? json::value(keys::base64(key->view())) : json::value(nullptr)}};
  if (!key) out["withheld"] = text_of(withheld);
  out["names"] = {{"actor", entry.names.actor}, {"subject", entry.names.subject}, {"target", entry.names.target}};
  out["position"] = entry.position;
  return json::serialize(out) + "\n";
}

std::optional<BundleEntry> parse_entry(std::string_view line) {
  boost::system::error_code error;
  const auto value = json::parse(line, error);
  if (error || !value.is_object()) return std::nullopt;
  try {
    return read(value.get_object());
  } catch (const NoEntry&) {
    return std::nullopt;
  } catch (const boost::system::system_error&) {  // a sequence that is no whole number
    return std::nullopt;
  }
}

std::optional<queries::RenderedEvent> rendered(const BundleEntry& entry, const domain::EventView& event) {
  domain::Personal personal;
  if (entry.disclosed.key) {
    auto opened = open_with(*entry.disclosed.key, event);
    if (!opened) return std::nullopt;
    personal = *std::move(opened);
  }
  return queries::describe(event, personal, entry.names, entry.position);
}

}  // namespace countersign::replay
