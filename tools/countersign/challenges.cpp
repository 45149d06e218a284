// challenges: one-time passwords that are sent, and questions to OCRA tokens.

#include "tools/countersign/session.h"

namespace countersign::cli {

void add_challenges(CLI::App& app, Session& session) {
  auto* challenges = app.add_subcommand("challenges", "Have a one-time password sent, or ask an OCRA token");
  challenges->require_subcommand(1);
  struct Wanted {
    std::string user, authenticator, channel, question;
  };
  auto* issue = challenges->add_subcommand("issue", "Issue one; for 5 minutes nothing else is accepted");
  auto wanted = std::make_shared<Wanted>();
  issue->add_option("user", wanted->user, "usr_... or e-mail address")->required();
  issue->add_option("--authenticator", wanted->authenticator, "aut_... (the user's first one that fits)");
  issue->add_option("--channel", wanted->channel, "sms or email, of a virtual one")
      ->check(CLI::IsMember({"sms", "email"}));
  issue->add_option("--question", wanted->question, "Of an OCRA token (drawn)");
  issue->callback([&session, wanted] {
    boost::json::object body{{"user_id", user_id(session, wanted->user)}};
    if (!wanted->authenticator.empty()) body["authenticator_id"] = wanted->authenticator;
    if (!wanted->channel.empty()) body["channel"] = wanted->channel;
    if (!wanted->question.empty()) body["question"] = wanted->question;
    session.show(session.api().post("/v1/challenges", body));
  });
}

}  // namespace countersign::cli
