// policy: how an account's users are provisioned.

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

struct Change {
  std::string method, unit;
  unsigned validity = 0;
  std::optional<std::uint64_t> token_validity, session_lifetime;
};

/// 0 on the command line means "no limit", which is null in the API.
boost::json::value seconds_or_null(std::uint64_t seconds) {
  return seconds == 0 ? boost::json::value(nullptr) : boost::json::value(seconds);
}

}  // namespace

void add_policy(CLI::App& app, Session& session) {
  auto* policy = app.add_subcommand("policy", "Show and change how users are provisioned");
  policy->require_subcommand(1);
  policy->add_subcommand("show", "Show the policy")->callback([&session] {
    session.show(session.api().get("/v1/provisioning"));
  });

  auto* set =
      policy->add_subcommand("set", "Change the policy; what isn't named stays. Codes that exist keep their validity");
  auto change = std::make_shared<Change>();
  set->add_option("--method", change->method, "How new users get in")
      ->check(CLI::IsMember({"registration_code", "invitation_email"}));
  auto* hours = set->add_option_function<unsigned>(
      "--code-validity-hours", [change](const unsigned& value) { change->validity = value, change->unit = "hours"; },
      "1 to 168");
  set->add_option_function<unsigned>(
         "--code-validity-days", [change](const unsigned& value) { change->validity = value, change->unit = "days"; },
         "1 to 7")
      ->excludes(hours);
  set->add_option("--token-validity", change->token_validity,
                  "Seconds that an access token is good for; 0: until revoked");
  set->add_option("--session-lifetime", change->session_lifetime,
                  "Seconds that a session lives; 0: as long as its token");
  set->callback([&session, change] {
    boost::json::object body;
    if (!change->method.empty()) body["method"] = change->method;
    if (!change->unit.empty()) body["code_validity"] = {{"value", change->validity}, {"unit", change->unit}};
    if (change->token_validity) body["access_token_validity"] = seconds_or_null(*change->token_validity);
    if (change->session_lifetime) body["session_lifetime"] = seconds_or_null(*change->session_lifetime);
    if (body.empty()) throw CLI::RequiredError("policy set: name something to change; one of the options");
    session.show(session.api().patch("/v1/provisioning", body));
  });
}

}  // namespace countersign::cli
