// policy: how an account's users are provisioned.

#include <charconv>
#include <map>
#include <optional>

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

struct Change {
  std::vector<std::string> exempt, allowed;
  std::string method, unit;
  unsigned validity = 0;
  std::optional<std::uint64_t> token_validity, session_lifetime;
  std::optional<bool> send_to_created, send_to_imported, notify_disabled;
  std::map<std::string, unsigned> authenticators;
  std::map<std::string, std::string> names;
  bool any_authenticators = false, any_names = false;
};

void add_mail(CLI::App& set, Change& change) {
  set.add_option("--send-to-created", change.send_to_created, "true: users who are created get an invitation by mail");
  set.add_option("--send-to-imported", change.send_to_imported,
                 "true: users who are imported get an invitation by mail");
  set.add_option("--notify-disabled", change.notify_disabled, "true: users who are disabled get a mail");
}

boost::json::object invitation_of(const Change& change) {
  boost::json::object body;
  if (change.send_to_created) body["send_to_created"] = *change.send_to_created;
  if (change.send_to_imported) body["send_to_imported"] = *change.send_to_imported;
  if (change.notify_disabled) body["notify_disabled"] = *change.notify_disabled;
  return body;
}

/// "totp=2"
void read_limit(Change& change, const std::string& text) {
  change.any_authenticators = true;
  if (text == "none") return;
  const auto equals = text.find('=');
  unsigned limit = 0;
  const char* end = text.data() + text.size();
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size() ||
      std::from_chars(text.data() + equals + 1, end, limit).ptr != end)
    throw CLI::ValidationError("--max-authenticators", "TYPE=NUMBER is expected, such as totp=2, not '" + text + "'");
  change.authenticators[text.substr(0, equals)] = limit;
}

/// "totp=Ring token"
void read_name(Change& change, const std::string& text) {
  change.any_names = true;
  if (text == "none") return;
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw CLI::ValidationError("--type-names", "TYPE=NAME is expected, such as totp=App, not '" + text + "'");
  change.names[text.substr(0, equals)] = text.substr(equals + 1);
}

/// "none" stands for an empty list.
boost::json::array types_of(const std::vector<std::string>& types) {
  if (types == std::vector<std::string>{"none"}) return {};
  return boost::json::array(types.begin(), types.end());
}

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
  add_mail(*set, *change);
  set->add_option_function<std::vector<std::string>>(
      "--max-authenticators",
      [change](const std::vector<std::string>& limits) {
        for (const auto& text : limits) read_limit(*change, text);
      },
      "Authenticators a user may have, in place of all limits there are, such as totp=2 hotp=1; any=3: of "
      "all types together; none: no limits");
  auto* allowed = set->add_option("--allow-types", change->allowed,
                                  "Types of authenticators that users may get, in place of those there are, such as "
                                  "totp hotp; none: all types");
  set->add_option_function<std::vector<std::string>>(
      "--type-names",
      [change](const std::vector<std::string>& names) {
        for (const auto& text : names) read_name(*change, text);
      },
      "What people are shown for types of authenticators, in place of all names there are, such as totp=App; none: no "
      "names");
  auto* exempt = set->add_option("--mfa-exempt", change->exempt,
                                 "Types of authenticators that don't make a user \"MFA configured\", in place of those "
                                 "there are, such as hotp; none: no type");
  set->callback([&session, change, allowed, exempt] {
    boost::json::object body;
    if (!change->method.empty()) body["method"] = change->method;
    if (!change->unit.empty()) body["code_validity"] = {{"value", change->validity}, {"unit", change->unit}};
    if (change->token_validity) body["access_token_validity"] = seconds_or_null(*change->token_validity);
    if (change->session_lifetime) body["session_lifetime"] = seconds_or_null(*change->session_lifetime);
    if (auto invitation = invitation_of(*change); !invitation.empty()) body["invitation"] = std::move(invitation);
    if (change->any_authenticators) {
      boost::json::object limits;
      for (const auto& [type, limit] : change->authenticators) limits[type] = limit;
      body["max_authenticators"] = std::move(limits);
    }
    if (change->any_names) {
      boost::json::object names;
      for (const auto& [type, name] : change->names) names[type] = name;
      body["authenticator_type_names"] = std::move(names);
    }
    if (allowed->count() > 0) body["allowed_authenticators"] = types_of(change->allowed);
    if (exempt->count() > 0) body["mfa_exempt_authenticators"] = types_of(change->exempt);
    if (body.empty()) throw CLI::RequiredError("policy set: name something to change; one of the options");
    session.show(session.api().patch("/v1/provisioning", body));
  });
}

}  // namespace countersign::cli
