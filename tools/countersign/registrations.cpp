// registrations: devices that have no network, step by step.

#include <fstream>

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view path = "/v1/registrations";

std::string one(const std::string& id, std::string_view action = {}) {
  return std::string(path).append("/").append(id).append(action);
}

/// The picture of what a device is to scan, as an SVG or PNG file by its name.
void draw(Session& session, const std::string& file, const json::value& content) {
  if (file.empty()) return;
  const bool svg = file.ends_with(".svg");
  const auto picture = session.api().post_for_bytes(
      "/v1/visual-codes", {{"content", content}, {"format", svg ? "SVG" : "PNG"}, {"size", 600}});
  std::ofstream out(file, std::ios::binary);
  out << picture;
  out.close();
  if (!out) throw LocalError(file + ": the picture can't be written.");
}

}  // namespace

void add_registrations(CLI::App& app, Session& session) {
  auto* registrations = app.add_subcommand("registrations", "Devices that have no network, step by step");
  registrations->require_subcommand(1);
  registrations->footer("The steps, and what they withstand: docs/offline-activation.md.");

  struct Begin {
    std::string user, serial_number, picture, name;
    bool force = false;
  };
  auto* begin = registrations->add_subcommand("begin", "Begin one; the activation password is shown this once");
  auto wanted = std::make_shared<Begin>();
  begin->add_option("user", wanted->user, "usr_... or e-mail address")->required();
  begin->add_option("serial-number", wanted->serial_number, "Of the licence")->required();
  begin->add_option("--picture", wanted->picture, "Where the first picture goes: a .png or .svg file");
  begin->add_option("--name", wanted->name, "What people know the device by");
  begin->add_flag("--force", wanted->force, "Although the user has an open registration code, or a session of one");
  begin->callback([&session, wanted] {
    json::object body{{"user_id", user_id(session, wanted->user)}, {"force", wanted->force}};
    if (!wanted->name.empty()) body["name"] = wanted->name;
    const auto target = "/v1/authenticators/" + percent_encoded(wanted->serial_number) + "/generate-activation-message";
    const auto begun = session.api().post(target, body);
    draw(session, wanted->picture, begun.at("activationMessage1"));
    session.show(begun);
  });

  struct Step {
    std::string id, code, signature, picture;
  };
  auto* add = registrations->add_subcommand("add-device", "Take the code that the device shows");
  auto added = std::make_shared<Step>();
  add->add_option("registration", added->id, "reg_...")->required();
  add->add_option("device-code", added->code, "As the device shows it")->required();
  add->add_option("--picture", added->picture, "Where the second picture goes: a .png or .svg file");
  add->callback([&session, added] {
    const auto answer = session.api().post(one(added->id, "/add-device"), json::object{{"deviceCode", added->code}});
    draw(session, added->picture, answer.at("activationMessage2"));
    session.show(answer);
  });

  auto* activate = registrations->add_subcommand("activate", "Take the signature that the device shows");
  auto signed_by = std::make_shared<Step>();
  activate->add_option("registration", signed_by->id, "reg_...")->required();
  activate->add_option("device-code", signed_by->code, "As the device showed it")->required();
  activate->add_option("signature", signed_by->signature, "As the device shows it")->required();
  activate->callback([&session, signed_by] {
    session.show(
        session.api().post(one(signed_by->id, "/activate"),
                           json::object{{"deviceCode", signed_by->code}, {"signature", signed_by->signature}}));
  });

  auto* show = registrations->add_subcommand("show", "How far one is");
  auto id = std::make_shared<std::string>();
  show->add_option("registration", *id, "reg_...")->required();
  show->callback([&session, id] { session.show(session.api().get(one(*id))); });

  auto* cancel = registrations->add_subcommand("cancel", "Cancel one that has not ended");
  auto gone = std::make_shared<std::string>();
  cancel->add_option("registration", *gone, "reg_...")->required();
  cancel->callback([&session, gone] {
    session.api().remove(one(*gone));
    session.say("cancelled");
  });
}

}  // namespace countersign::cli
