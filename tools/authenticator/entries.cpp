#include "tools/authenticator/entries.h"

#include <algorithm>
#include <boost/json.hpp>

#include "adapters/keys/rfc4648.h"
#include "tools/countersign/private_file.h"

namespace countersign::authenticator {
namespace {

namespace json = boost::json;

std::string text(const json::object& object, const char* name) {
  return std::string(object.at(name).as_string());
}
std::string bytes(const json::object& object, const char* name) {
  auto parsed = keys::parse_base64(text(object, name));
  if (!parsed) throw std::runtime_error(name);
  return *parsed;
}

Entry entry_of(const json::object& object) {
  Entry entry;
  entry.serial_number = text(object, "serial_number");
  entry.account = text(object, "account");
  entry.user = text(object, "user");
  entry.type = domain::parse_authenticator_type(text(object, "type")).value();
  entry.algorithm = static_cast<domain::OtpAlgorithm>(object.at("algorithm").to_number<unsigned>());
  entry.digits = object.at("digits").to_number<std::uint8_t>();
  entry.period = object.at("period").to_number<std::uint16_t>();
  entry.counter = object.at("counter").to_number<std::uint64_t>();
  entry.seed = bytes(object, "seed");
  return entry;
}

}  // namespace

Entry& Entries::named(const std::string& serial_number) {
  if (entries.empty()) throw cli::LocalError("There is no authenticator yet: scan a picture first.");
  if (serial_number.empty() && entries.size() == 1) return entries.front();
  const auto found = std::ranges::find(entries, serial_number, &Entry::serial_number);
  if (found != entries.end()) return *found;
  std::string known;
  for (const auto& entry : entries) known.append(known.empty() ? "" : ", ").append(entry.serial_number);
  throw cli::LocalError((serial_number.empty() ? "Which one? " : serial_number + " isn't here. ") +
                        "There are: " + known + ".");
}

std::string encode(const Entries& entries) {
  json::array all, under_way;
  for (const auto& entry : entries.entries)
    all.push_back(json::object{{"serial_number", entry.serial_number},
                               {"account", entry.account},
                               {"user", entry.user},
                               {"type", domain::type_text(entry.type)},
                               {"algorithm", static_cast<unsigned>(entry.algorithm)},
                               {"digits", entry.digits},
                               {"period", entry.period},
                               {"counter", entry.counter},
                               {"seed", keys::base64(entry.seed)}});
  for (const auto& one : entries.under_way)
    under_way.push_back(
        json::object{{"first_message", keys::base64(one.first_message)}, {"secret", keys::base64(one.secret)}});
  return json::serialize(json::object{{"entries", std::move(all)}, {"under_way", std::move(under_way)}});
}

Entries decode_entries(const std::string& contents) {
  Entries entries;
  if (contents.empty()) return entries;
  try {
    const auto parsed = json::parse(contents).as_object();
    for (const auto& each : parsed.at("entries").as_array()) entries.entries.push_back(entry_of(each.as_object()));
    for (const auto& each : parsed.at("under_way").as_array())
      entries.under_way.push_back({bytes(each.as_object(), "first_message"), bytes(each.as_object(), "secret")});
  } catch (const std::exception&) {
    throw cli::LocalError("The state was written by another release of this program, and can't be read by this one.");
  }
  return entries;
}

}  // namespace countersign::authenticator
