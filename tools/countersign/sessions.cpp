// sessions: authentication sessions.

#include "tools/countersign/session.h"

namespace countersign::cli {

void add_sessions(CLI::App& app, Session& session) {
  auto* sessions = app.add_subcommand("sessions", "List and end sessions");
  sessions->require_subcommand(1);

  struct Wanted {
    std::string user, active;
    Session::Paging paging;
  };
  auto* list = sessions->add_subcommand("list", "List sessions");
  auto wanted = std::make_shared<Wanted>();
  list->add_option("--user", wanted->user, "usr_... or e-mail address");
  list->add_option("--active", wanted->active, "true: those that go on; false: those that ended")
      ->check(CLI::IsMember({"true", "false"}));
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted] {
    session.show_list("/v1/sessions", {{"user_id", user_id(session, wanted->user)}, {"active", wanted->active}},
                      {{"ID", "id"},
                       {"USER", "user_id"},
                       {"ACTIVE", "active"},
                       {"LAST SEEN", "last_seen"},
                       {"ADDRESS", "ip"},
                       {"AGENT", "user_agent"}},
                      wanted->paging);
  });

  auto id = std::make_shared<std::string>();
  auto* show = sessions->add_subcommand("show", "Show one session");
  show->add_option("session", *id, "ses_...")->required();
  show->callback([&session, id] { session.show(session.api().get("/v1/sessions/" + *id)); });
  auto* end = sessions->add_subcommand("end", "End a session with its token, or all of a user");
  end->add_option("session", *id, "ses_..., or usr_... or an e-mail address for all of that user")->required();
  end->callback([&session, id] {
    if (id->starts_with("ses_")) {
      session.api().remove("/v1/sessions/" + *id);
      session.say("ended " + *id);
    } else {
      session.show(session.api().remove("/v1/users/" + user_id(session, *id) + "/sessions"));
    }
  });
}

}  // namespace countersign::cli
