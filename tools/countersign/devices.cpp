// devices: what codes have activated.

#include "tools/countersign/session.h"

namespace countersign::cli {

void add_devices(CLI::App& app, Session& session) {
  auto* devices = app.add_subcommand("devices", "List, rename and revoke devices");
  devices->require_subcommand(1);

  struct Wanted {
    std::string user, status;
    Session::Paging paging;
  };
  auto* list = devices->add_subcommand("list", "List devices");
  auto wanted = std::make_shared<Wanted>();
  list->add_option("--user", wanted->user, "usr_... or e-mail address");
  list->add_option("--status", wanted->status, "active or revoked")->check(CLI::IsMember({"active", "revoked"}));
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted] {
    session.show_list("/v1/devices", {{"user_id", user_id(session, wanted->user)}, {"status", wanted->status}},
                      {{"ID", "id"},
                       {"NAME", "name"},
                       {"PLATFORM", "platform"},
                       {"USER", "user_id"},
                       {"STATUS", "status"},
                       {"ACTIVATED", "activated_at"}},
                      wanted->paging);
  });

  auto id = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  auto* show = devices->add_subcommand("show", "Show one device");
  show->add_option("device", *id, "dev_...")->required();
  show->callback([&session, id] { session.show(session.api().get("/v1/devices/" + *id)); });
  auto* rename = devices->add_subcommand("rename", "Rename a device");
  rename->add_option("device", *id, "dev_...")->required();
  rename->add_option("name", *name, "New name")->required();
  rename->callback([&session, id, name] {
    session.show(session.api().patch("/v1/devices/" + *id, boost::json::object{{"name", *name}}));
  });
  auto* revoke = devices->add_subcommand("revoke", "Revoke a device, with its token and session");
  revoke->add_option("device", *id, "dev_...")->required();
  revoke->callback([&session, id] { session.show(session.api().post("/v1/devices/" + *id + "/revoke")); });
}

}  // namespace countersign::cli
