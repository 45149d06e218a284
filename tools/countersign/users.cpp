// users: people of an account.

#include "tools/countersign/session.h"

namespace countersign::cli {

std::string user_id(Session& session, const std::string& who) {
  if (who.find('@') == std::string::npos) return who;
  const auto found = session.api().list("/v1/users", {{"email", who}}, 1, nullptr);
  if (found.empty()) throw std::runtime_error("There is no user with the address " + who + ".");
  return cell(found.front().as_object(), "id");
}

namespace {

const std::vector<Column> columns{
    {"ID", "id"},         {"FIRST NAME", "first_name"}, {"LAST NAME", "last_name"}, {"EMAIL", "email"},
    {"STATUS", "status"}, {"MFA", "mfa_configured"},    {"CODES", "open_codes"},    {"DEVICES", "devices"}};

struct Fields {
  std::optional<std::string> first_name, last_name, email, login_name, department, mobile;
  std::optional<bool> mfa;
};

void add_fields(CLI::App& command, Fields& fields) {
  command.add_option("--first-name", fields.first_name, "First name; one of the names must be there");
  command.add_option("--last-name", fields.last_name, "Last name");
  command.add_option("--login-name", fields.login_name, "Unique in the account");
  command.add_option("--department", fields.department, "Kept as an attribute");
  command.add_option("--mobile", fields.mobile, "Kept as an attribute");
  command.add_option("--mfa", fields.mfa, "true: the user has MFA and gets no registration codes");
}

boost::json::object body_of(const Fields& fields) {
  boost::json::object body, attributes;
  const auto put = [](boost::json::object& in, const char* name, const std::optional<std::string>& value) {
    if (value) in[name] = value->empty() ? boost::json::value(nullptr) : boost::json::value(*value);
  };
  put(body, "first_name", fields.first_name);
  put(body, "last_name", fields.last_name);
  put(body, "email", fields.email);
  put(body, "login_name", fields.login_name);
  put(attributes, "department", fields.department);
  put(attributes, "mobile", fields.mobile);
  if (fields.mfa) body["mfa_configured"] = *fields.mfa;
  if (!attributes.empty()) body["attributes"] = std::move(attributes);
  return body;
}

void add_create_and_update(CLI::App& users, Session& session) {
  auto* create = users.add_subcommand("create", "Create one user");
  auto fresh = std::make_shared<Fields>();
  create->add_option("email", fresh->email, "E-mail address, unique in the account")->required();
  add_fields(*create, *fresh);
  create->callback([&session, fresh] { session.show(session.api().post("/v1/users", body_of(*fresh))); });

  auto* update = users.add_subcommand("update", "Change a user; what isn't named stays, an empty text removes it");
  auto changed = std::make_shared<Fields>();
  auto who = std::make_shared<std::string>();
  auto version = std::make_shared<std::string>();
  update->add_option("user", *who, "usr_... or e-mail address")->required();
  update->add_option("--email", changed->email, "New e-mail address, unique in the account");
  update->add_option("--if-version", *version, "Change nothing unless the user still has this version, such as 3");
  add_fields(*update, *changed);
  update->callback([&session, changed, who, version] {
    const auto body = body_of(*changed);
    if (body.empty()) throw CLI::RequiredError("users update: name something to change; one of the options");
    session.show(session.api().patch("/v1/users/" + user_id(session, *who), body, *version));
  });
}

void add_list_and_show(CLI::App& users, Session& session) {
  struct Wanted {
    std::string email, q, status, mfa;
    Session::Paging paging;
  };
  auto* list = users.add_subcommand("list", "List or find users");
  auto wanted = std::make_shared<Wanted>();
  list->add_option("text", wanted->q, "Part of a name, address or login name");
  list->add_option("--email", wanted->email, "Exactly this address");
  list->add_option("--status", wanted->status, "active or disabled")->check(CLI::IsMember({"active", "disabled"}));
  list->add_option("--mfa", wanted->mfa, "With or without configured MFA")->check(CLI::IsMember({"true", "false"}));
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted] {
    session.show_list("/v1/users",
                      {{"email", wanted->email}, {"q", wanted->q}, {"status", wanted->status}, {"mfa", wanted->mfa}},
                      columns, wanted->paging);
  });

  auto* show = users.add_subcommand("show", "Show one user");
  auto who = std::make_shared<std::string>();
  show->add_option("user", *who, "usr_... or e-mail address")->required();
  show->callback([&session, who] { session.show(session.api().get("/v1/users/" + user_id(session, *who))); });
}

void add_action(CLI::App& users, Session& session, const char* action, const char* text) {
  auto* command = users.add_subcommand(action, text);
  auto who = std::make_shared<std::string>();
  command->add_option("user", *who, "usr_... or e-mail address")->required();
  command->callback([&session, who, action] {
    session.show(session.api().post("/v1/users/" + user_id(session, *who) + "/" + action));
  });
}

/// text/csv unless the name says otherwise.
std::string media_type_of(const std::string& file) {
  const auto ends = [&](std::string_view suffix) { return file.ends_with(suffix); };
  return ends(".ndjson") || ends(".jsonl") ? "application/x-ndjson" : "text/csv";
}

void add_import(CLI::App& users, Session& session) {
  struct Wanted {
    std::string file, type;
    bool dry_run = false, detach = false;
  };
  auto* import = users.add_subcommand(
      "import",
      "Create and update users from a directory export (CSV, or NDJSON); exit status 1 when rows were refused");
  auto wanted = std::make_shared<Wanted>();
  import->add_option("file", wanted->file, "First name, Last name, Email, ... with a header line")
      ->required()
      ->check(CLI::ExistingFile);
  import->add_option("--type", wanted->type, "text/csv or application/x-ndjson (by the file's name)")
      ->check(CLI::IsMember({"text/csv", "application/x-ndjson"}));
  import->add_flag("--dry-run", wanted->dry_run, "Check every row, change nothing");
  import->add_flag("--detach", wanted->detach, "Don't wait; `countersign operations wait` does");
  import->callback([&session, wanted] {
    const auto type = wanted->type.empty() ? media_type_of(wanted->file) : wanted->type;
  const auto started =
      session.api().post_file("/v1/users/import", {{"dry_run", wanted->dry_run ? "true" : ""}}, type, wanted->file);
  if (wanted->detach)
    session.show(started);
  else
    wait_for_operation(session, cell(started, "operation_id"));
});
}  // namespace

void add_erase(CLI::App& users, Session& session) {
  auto* erase = users.add_subcommand("erase", "Destroy all that is personal about a disabled user; can't be undone");
  auto who = std::make_shared<std::string>();
  auto sure = std::make_shared<bool>(false);
  erase->add_option("user", *who, "usr_... or e-mail address")->required();
  erase->add_flag("--yes", *sure, "I know that this can't be undone")->required();
  erase->callback([&session, who] {
    const auto started = session.api().remove("/v1/users/" + user_id(session, *who));
    wait_for_operation(session, cell(started, "operation_id"));
  });
}

}  // namespace countersign::cli

void add_users(CLI::App& app, Session& session) {
  auto* users = app.add_subcommand("users", "Create, import, find, reset, disable and erase users");
  users->require_subcommand(1);
  add_create_and_update(*users, session);
  add_list_and_show(*users, session);
  add_import(*users, session);
  add_action(*users, session, "reset", "Revoke all codes of a user, with the devices that used ones brought");
  add_action(*users, session, "disable", "End a user's sessions and tokens at once, and block open codes");
  add_action(*users, session, "enable", "Let a disabled user in again; unblocks codes, revives nothing else");
  add_erase(*users, session);
}

}  // namespace countersign::cli
