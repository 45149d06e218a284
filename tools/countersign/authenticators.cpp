// authenticators: second factors of users. Seeds are shown once, when an authenticator is enrolled.

#include <iostream>

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

constexpr std::string_view path = "/v1/authenticators";

std::string one(const std::string& id, std::string_view action = {}) {
  return std::string(path).append("/").append(id).append(action);
}

struct Settings {
  std::string type, algorithm, name, comment, phone, email, suite, expires_at;
  std::optional<unsigned> digits, period, codes;
};

void add_settings(CLI::App& command, Settings& settings) {
  command
      .add_option(
          "--type", settings.type,
          "totp, hotp; recovery_codes, which are printed; sms, email or virtual (both), whose passwords come by "
          "message; ocra, which answers questions")
      ->required()
      ->check(CLI::IsMember({"totp", "hotp", "recovery_codes", "sms", "email", "virtual", "ocra"}));
  command.add_option("--algorithm", settings.algorithm, "sha1, sha256 or sha512 (sha1, which every app knows)")
      ->check(CLI::IsMember({"sha1", "sha256", "sha512"}));
  command.add_option("--digits", settings.digits, "6 to 8 (6); recovery codes have 8");
  command.add_option("--codes", settings.codes, "How many recovery codes, 5 to 50 (10)");
  command.add_option("--period", settings.period, "Seconds a password is shown, of totp (30)");
  command.add_option("--phone", settings.phone, "Where SMS go (the user's attribute phone)");
  command.add_option("--email", settings.email, "Where e-mail goes (the user's address)");
  command.add_option("--suite", settings.suite, "Of ocra (OCRA-1:HOTP-SHA1-6:QN08)");
  command.add_option("--name", settings.name, "What people know it by");
  command.add_option("--comment", settings.comment, "For operators");
  command.add_option("--expires-at", settings.expires_at, "RFC 3339, such as 2027-01-31T00:00:00Z (never)");
}

boost::json::object body_of(const Settings& settings) {
  boost::json::object body{{"type", settings.type}};
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) body[name] = value;
  };
  text("algorithm", settings.algorithm);
  text("name", settings.name);
  text("comment", settings.comment);
  text("phone", settings.phone);
  text("email", settings.email);
  text("suite", settings.suite);
  text("expires_at", settings.expires_at);
  if (settings.digits) body["digits"] = *settings.digits;
  if (settings.codes) body["codes"] = *settings.codes;
  if (settings.period) body["period"] = *settings.period;
  return body;
}

void add_enrol(CLI::App& authenticators, Session& session) {
  auto* enrol = authenticators.add_subcommand("enrol", "Enrol one for a user; its secret is shown this once");
  auto settings = std::make_shared<Settings>();
  auto user = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  enrol->add_option("user", *user, "usr_... or e-mail address")->required();
  add_settings(*enrol, *settings);
  enrol->add_flag("--force", *force, "Although the user has an open registration code, or a session that one brought");
  enrol->callback([&session, settings, user, force] {
    auto body = body_of(*settings);
    body["user_id"] = user_id(session, *user);
    body["force"] = *force;
    session.show(session.api().post(path, body));
  });

  auto* replace =
      authenticators.add_subcommand("replace", "Enrol another in its place; the former goes when that is confirmed");
  auto other = std::make_shared<Settings>();
  auto id = std::make_shared<std::string>();
  replace->add_option("authenticator", *id, "aut_...")->required();
  add_settings(*replace, *other);
  replace->callback([&session, other, id] { session.show(session.api().post(one(*id, "/replace"), body_of(*other))); });
}

void add_list_and_show(CLI::App& authenticators, Session& session) {
  struct Wanted {
    std::string user, status, type;
    Session::Paging paging;
  };
  auto* list = authenticators.add_subcommand("list", "List authenticators");
  auto wanted = std::make_shared<Wanted>();
  list->add_option("--user", wanted->user, "usr_... or e-mail address");
  list->add_option("--status", wanted->status, "pending, active, disabled, locked, expired, obsolete or compromised");
  list->add_option("--type", wanted->type, "totp, hotp, recovery_codes, sms, email, virtual, ocra or hardware");
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted] {
    session.show_list(path,
                      {{"user_id", user_id(session, wanted->user)}, {"status", wanted->status}, {"type", wanted->type}},
                      {{"ID", "id"},
                       {"NAME", "name"},
                       {"TYPE", "type"},
                       {"USER", "user_id"},
                       {"STATUS", "status"},
                       {"LAST USED", "last_used"}},
                      wanted->paging);
  });
  auto* show = authenticators.add_subcommand("show", "Show one authenticator, and what may be done with it");
  auto id = std::make_shared<std::string>();
  show->add_option("authenticator", *id, "aut_...")->required();
  show->callback([&session, id] { session.show(session.api().get(one(*id))); });
}

void add_edit(CLI::App& authenticators, Session& session) {
  auto* update = authenticators.add_subcommand("update", "Change one; an empty text removes it");
  struct Change {
    std::string id;
    std::optional<std::string> name, comment, phone, email, expires_at;
  };
  auto change = std::make_shared<Change>();
  update->add_option("authenticator", change->id, "aut_...")->required();
  update->add_option("--name", change->name, "What people know it by");
  update->add_option("--comment", change->comment, "For operators");
  update->add_option("--phone", change->phone, "Where SMS go");
  update->add_option("--email", change->email, "Where e-mail goes");
  update->add_option("--expires-at", change->expires_at, "RFC 3339; empty: never");
  update->callback([&session, change] {
    boost::json::object body;
    const auto put = [&](const char* name, const std::optional<std::string>& value) {
      if (value) body[name] = value->empty() ? boost::json::value(nullptr) : boost::json::value(*value);
    };
    put("name", change->name);
    put("comment", change->comment);
    put("phone", change->phone);
    put("email", change->email);
    put("expires_at", change->expires_at);
    if (body.empty()) throw CLI::RequiredError("authenticators update: name something to change; one of the options");
    session.show(session.api().patch(one(change->id), body));
  });
}

/// Actions that only need to know which; some of them may be forced.
void add_actions(CLI::App& authenticators, Session& session) {
  struct Action {
    const char *name, *path, *text;
    bool forced;
  };
  constexpr Action actions[] = {
      {"disable", "/disable", "Accept nothing from it until it is enabled again", true},
      {"enable", "/enable", "Accept its passwords again", false},
      {"retire", "/retire", "Make it obsolete: usable for nothing, to be replaced", true},
      {"compromised", "/compromised", "Report it lost or stolen: usable for nothing any more", false},
      {"unlock", "/unlock", "Let its user try again after too many failures", false},
  };
  const auto force_text = "Although it is the user's last active one";
  for (const auto& action : actions) {
    auto* command = authenticators.add_subcommand(action.name, action.text);
    auto id = std::make_shared<std::string>();
    auto force = std::make_shared<bool>(false);
    command->add_option("authenticator", *id, "aut_...")->required();
    if (action.forced) command->add_flag("--force", *force, force_text);
    command->callback([&session, id, force, action] {
      session.show(action.forced ? session.api().post(one(*id, action.path), boost::json::object{{"force", *force}})
                                 : session.api().post(one(*id, action.path)));
    });
  }
  auto* remove =
      authenticators.add_subcommand("delete", "Delete one, and destroy its secret; a hardware token is in stock again");
  auto id = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  remove->add_option("authenticator", *id, "aut_...")->required();
  remove->add_flag("--force", *force, force_text);
  remove->callback([&session, id, force] {
    session.api().remove(one(*id), boost::json::object{{"force", *force}});
    std::cout << *id << " is deleted\n";
  });
}

/// Passwords are read from standard input: what stands in a command line is seen by others on the machine.
void add_passwords(CLI::App& authenticators, Session& session) {
  const auto add = [&](const char* name, const char* text, const std::vector<const char*>& fields) {
    auto* command = authenticators.add_subcommand(name, text);
    auto id = std::make_shared<std::string>();
    command->add_option("authenticator", *id, "aut_...")->required();
    command->callback([&session, id, fields, action = std::string("/") + name] {
      boost::json::object body;
      for (const auto* field : fields) {
        std::string password;
        if (!std::getline(std::cin, password)) throw LocalError("a one-time password is expected on standard input");
        body[field] = password;
      }
      session.show(session.api().post(one(*id, action), body));
    });
  };
  add("confirm", "Make a pending one active by its first password, read from standard input", {"otp"});
  add("test", "Use up a password, read from standard input; exit status 1 when it isn't accepted", {"otp"});
  add("reset",
      "Find the counter of a hotp or a hardware token again by two passwords in a row, a line each on standard input",
      {"otp1", "otp2"});
}

}  // namespace

void add_authenticators(CLI::App& app, Session& session) {
  auto* authenticators =
      app.add_subcommand("authenticators", "Second factors of users: enrol, confirm, test, disable, replace, delete");
  authenticators->require_subcommand(1);
  add_enrol(*authenticators, session);
  add_list_and_show(*authenticators, session);
  add_edit(*authenticators, session);
  add_actions(*authenticators, session);
  add_passwords(*authenticators, session);
}

}  // namespace countersign::cli
