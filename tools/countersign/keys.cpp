// keys: an account's API keys.

#include "tools/countersign/session.h"

namespace countersign::cli {

void add_keys(CLI::App& app, Session& session) {
  static const std::vector<Column> columns{{"ID", "id"},
                                           {"NAME", "name"},
                                           {"ROLE", "role"},
                                           {"STATUS", "status"},
                                           {"CREATED", "created_at"},
                                           {"EXPIRES", "expires_at"},
                                           {"LAST USED", "last_used"}};
  auto* keys = app.add_subcommand("keys", "Create, list and revoke API keys");
  keys->require_subcommand(1);

  auto* create = keys->add_subcommand("create", "Create a key; it is shown this once");
  struct Wanted {
    std::string name, role, expires_at;
  };
  auto wanted = std::make_shared<Wanted>();
  create->add_option("name", wanted->name, "What the key is for, such as 'vpn gateway'")->required();
  create
      ->add_option("--role", wanted->role,
                   "admin: everything in the account; operator: help desk; auditor: reads, never "
                   "secrets; gateway: checks tokens; siem: reads events; scim: keeps users")
      ->required()
      ->check(CLI::IsMember({"admin", "operator", "auditor", "gateway", "siem", "scim"}));
  create->add_option("--expires", wanted->expires_at, "Time such as 2027-01-31T00:00:00Z (never)");
  create->callback([&session, wanted] {
    boost::json::object body{{"name", wanted->name}, {"role", wanted->role}};
    if (!wanted->expires_at.empty()) body["expires_at"] = wanted->expires_at;
    session.show(session.api().post("/v1/api-keys", body));
  });

  auto* list = keys->add_subcommand("list", "List keys, without the keys themselves");
  auto paging = std::make_shared<Session::Paging>();
  Session::add_paging(*list, *paging);
  list->callback([&session, paging] { session.show_list("/v1/api-keys", {}, columns, *paging); });

  auto* revoke = keys->add_subcommand("revoke", "Revoke a key at once");
  auto id = std::make_shared<std::string>();
  revoke->add_option("key", *id, "key_...")->required();
  revoke->callback([&session, id] {
    session.api().remove("/v1/api-keys/" + *id);
    session.say("revoked " + *id);
  });
}

}  // namespace countersign::cli
