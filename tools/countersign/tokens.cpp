// tokens: access tokens of activated devices, never the secrets themselves.

#include "tools/countersign/session.h"

namespace countersign::cli {

void add_tokens(CLI::App& app, Session& session) {
  auto* tokens = app.add_subcommand("tokens", "List and revoke access tokens");
  tokens->require_subcommand(1);

  struct Wanted {
    std::string user, status;
    Session::Paging paging;
  };
  auto* list = tokens->add_subcommand("list", "List tokens");
  auto wanted = std::make_shared<Wanted>();
  list->add_option("--user", wanted->user, "usr_... or e-mail address");
  list->add_option("--status", wanted->status, "active, revoked or expired")
      ->check(CLI::IsMember({"active", "revoked", "expired"}));
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted] {
    session.show_list("/v1/tokens", {{"user_id", user_id(session, wanted->user)}, {"status", wanted->status}},
                      {{"ID", "id"},
                       {"USER", "user_id"},
                       {"DEVICE", "device_id"},
                       {"STATUS", "status"},
                       {"ISSUED", "issued_at"},
                       {"EXPIRES", "expires_at"}},
                      wanted->paging);
  });

  auto id = std::make_shared<std::string>();
  auto* show = tokens->add_subcommand("show", "Show one token");
  show->add_option("token", *id, "tok_...")->required();
  show->callback([&session, id] { session.show(session.api().get("/v1/tokens/" + *id)); });
  auto* revoke = tokens->add_subcommand("revoke", "Revoke a token, with its session");
  revoke->add_option("token", *id, "tok_...")->required();
  revoke->callback([&session, id] { session.show(session.api().post("/v1/tokens/" + *id + "/revoke")); });
}

}  // namespace countersign::cli
