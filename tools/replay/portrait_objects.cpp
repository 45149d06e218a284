#include "tools/replay/portrait_objects.h"

#include <array>

namespace countersign::replay {

namespace json = boost::json;

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> parts_of_user = {
    {{"registration_codes", "registration_code"},
     {"devices", "device"},
     {"tokens", "token"},
     {"sessions", "session"},
     {"authenticators", "authenticator"}}};

void flatten(const std::string& path, const json::value& value, std::map<std::string, json::value>& out) {
  if (!value.is_object()) {
    out.emplace(path, value);
    return;
  }
  for (const auto& member : value.get_object()) flatten(path + "." + std::string(member.key()), member.value(), out);
}

PortraitObject object_of(std::string_view kind, std::string_view user, const json::object& drawn) {
  PortraitObject object{std::string(kind), std::string(user), {}};
  for (const auto& member : drawn)
    if (!member.value().is_array()) flatten(member.key(), member.value(), object.fields);
  object.fields.erase("id");
  object.fields.erase("last_sequence");  // every event changes it
  return object;
}

}  // namespace

std::map<std::string, PortraitObject> objects_of(const json::object& portrait) {
  std::map<std::string, PortraitObject> objects;
  const auto add = [&](std::string_view kind, std::string_view user, const json::value& drawn) {
    const auto& object = drawn.get_object();
    objects.emplace(object.at("id").get_string(), object_of(kind, user, object));
  };
  add("account", "", portrait.at("account"));
  if (const auto* keys = portrait.if_contains("api_keys"))
    for (const auto& key : keys->get_array()) add("api_key", "", key);
  if (const auto* destinations = portrait.if_contains("siem_destinations"))
    for (const auto& destination : destinations->get_array()) add("siem_destination", "", destination);
  if (const auto* licences = portrait.if_contains("licences"))
    for (const auto& licence : licences->get_array()) add("licence", "", licence);
  if (const auto* tokens = portrait.if_contains("hardware_tokens"))
    for (const auto& token : tokens->get_array()) add("hardware_token", "", token);
  for (const auto& user : portrait.at("users").get_array()) {
    const auto& id = user.at("id").get_string();
    add("user", id, user);
    for (const auto& [list, kind] : parts_of_user)
      for (const auto& part : user.at(list).get_array()) add(kind, id, part);
  }
  return objects;
}

}  // namespace countersign::replay
