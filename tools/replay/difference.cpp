#include "tools/replay/difference.h"

#include <algorithm>
#include <stdexcept>

#include "adapters/queries/event_rendering.h"
#include "tools/replay/concern.h"
#include "tools/replay/event_line.h"
#include "tools/replay/names.h"
#include "tools/replay/portrait_objects.h"

namespace countersign::replay {

namespace json = boost::json;

namespace {

/// The portrait of an account that isn't there (yet, or with that person) has no objects.
std::map<std::string, PortraitObject> objects_at(const FoldedAccount& folded, const AuditedLog& log,
                                                 const Sitter& sitter, bool& there) {
  const auto drawn = portrait(folded, log.identity(), sitter, log.seal_keys(folded.state.id()));
  if (!drawn) return {};
  there = true;
  return objects_of(*drawn);
}

json::object header(const std::string& id, const PortraitObject& object) {
  json::object out{{"kind", object.kind}, {"id", id}};
  if (!object.user.empty() && object.kind != "user") out["user_id"] = object.user;
  return out;
}

json::object changes(const PortraitObject* before, const PortraitObject* after) {
  json::object out;
  const auto find = [](const PortraitObject* object, const std::string& field) -> const json::value* {
    if (!object) return nullptr;
    const auto found = object->fields.find(field);
    return found == object->fields.end() ? nullptr : &found->second;
  };
  const auto note = [&](const std::string& field) {
    const auto *old_value = find(before, field), *new_value = find(after, field);
    if ((old_value && new_value && *old_value == *new_value) || out.contains(field)) return;
    json::object change;
    if (old_value) change["old"] = *old_value;
    if (new_value) change["new"] = *new_value;
    out[field] = std::move(change);
  };
  for (const auto* object : {before, after})
    if (object)
      for (const auto& [field, value] : object->fields) note(field);
  return out;
}

json::object place(const FoldedAccount& folded, const bus::LogIdentity& log) {
  return {{"at", queries::rfc3339(folded.now)},
          {"position", queries::text_of(queries::Position{log, folded.reached.frame})},
          {"sequence", folded.state.events()}};
}

Concern concern_of(const Sitter& sitter, const AccountFold& state) {
  if (sitter.device) return Concern::with_activation(sitter.device->uuid, state);
  return sitter.user ? Concern::with_user(*sitter.user) : Concern();
}

json::array events_between(const Source& source, const DifferenceQuestion& question, std::uint64_t behind,
                           const FoldedAccount& later, const Progress& progress) {
  AuditedLog log(source);
  Names names(later.state, log);
  const auto concern = concern_of(question.whose, later.state);
  json::array events;
  walk(
      log, question.account, question.to,
      [&](const domain::EventView& event, std::string_view, bus::FrameNumber frame) {
        if (event.sequence() > behind && concern.takes(event))
          events.push_back(event_summary(names.describe(event, frame)));
        return true;
      },
      progress);
  return events;
}

}  // namespace

json::value difference(const Source& source, const DifferenceQuestion& question, const Progress& progress) {
  AuditedLog first(source), second(source);
  const auto before = fold_account(first, question.account, question.from, progress);
  const auto after = fold_account(second, question.account, question.to, progress);
  if (after.state.events() < before.state.events() || after.now < before.now)
    throw std::runtime_error(question.to.text() + " lies before " + question.from.text());
  bool there = false;
  const auto old_objects = objects_at(before, first, question.whose, there);
  const auto new_objects = objects_at(after, second, question.whose, there);
  if (!there) return nullptr;
  json::array created, changed, gone;
  for (const auto& [id, object] : new_objects) {
    const auto found = old_objects.find(id);
    const auto* old_object = found == old_objects.end() ? nullptr : &found->second;
    auto fields = changes(old_object, &object);
    if (fields.empty()) continue;
    auto entry = header(id, object);
    entry["fields"] = std::move(fields);
    (old_object ? changed : created).push_back(std::move(entry));
  }
  for (const auto& [id, object] : old_objects) {
    if (new_objects.contains(id)) continue;
    auto entry = header(id, object);
    entry["fields"] = changes(&object, nullptr);
    gone.push_back(std::move(entry));
  }
  return json::object{{"account", account_text(question.account)},
                      {"from", place(before, first.identity())},
                      {"to", place(after, second.identity())},
                      {"created", std::move(created)},
                      {"changed", std::move(changed)},
                      {"gone", std::move(gone)},
                      {"events", events_between(source, question, before.state.events(), after, progress)}};
}

namespace {

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

void write_objects(std::string_view sign, const json::array& objects, std::string& out) {
  for (const auto& object : objects) {
    out.append(sign)
        .append(" ")
        .append(object.at("kind").get_string())
        .append(" ")
        .append(object.at("id").get_string());
    if (const auto* user = object.get_object().if_contains("user_id")) out.append(" of ").append(user->get_string());
    out += '\n';
    for (const auto& field : object.at("fields").get_object()) {
      const auto& change = field.value().get_object();
      const auto *old_value = change.if_contains("old"), *new_value = change.if_contains("new");
      if (!(old_value && new_value) && (old_value ? old_value : new_value)->is_null()) continue;  // nothing, and new
      out.append("    ").append(field.key()).append(": ");
      if (old_value) out += text_of(*old_value);
      if (old_value && new_value) out += " -> ";
      if (new_value) out += text_of(*new_value);
      out += '\n';
    }
  }
}

std::string party_text(const json::value& party) {
  if (party.is_null()) return "";
  const auto &id = party.at("id"), &display = party.at("display");
  if (id.is_null()) return text_of(party.at("type"));
  return display.is_null() ? text_of(id) : text_of(display) + " (" + text_of(id) + ")";
}

}  // namespace

std::string difference_text(const json::object& difference) {
  std::string out;
  write_objects("+", difference.at("created").get_array(), out);
  write_objects("~", difference.at("changed").get_array(), out);
  write_objects("-", difference.at("gone").get_array(), out);
  if (out.empty()) out = "nothing changed\n";
  const auto& events = difference.at("events").get_array();
  out += "by " + std::to_string(events.size()) + " events:\n";
  for (const auto& event : events) {
    out.append("    #").append(json::serialize(event.at("sequence"))).append(" ").append(event.at("time").get_string());
    out.append(" ").append(event.at("type").get_string()).append(" by ").append(party_text(event.at("actor")));
    out.append(" ").append(event.at("id").get_string()).append("\n");
  }
  return out;
}

}  // namespace countersign::replay
