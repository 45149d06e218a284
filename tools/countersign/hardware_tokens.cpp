// hardware-tokens: the stock that vendors' files fill, and who has what of it.

#include <iostream>

#include "tools/countersign/private_file.h"
#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view path = "/v1/hardware-tokens";
constexpr const char* which = "Serial number, hwt_... or aut_...";

std::string one(const std::string& token, std::string_view action = {}) {
  return std::string(path).append("/").append(percent_encoded(token)).append(action);
}
std::string as_authenticator(const std::string& token, std::string_view action) {
  return std::string("/v1/authenticators/").append(percent_encoded(token)).append(action);
}

/// text/csv unless the name says otherwise.
std::string media_type_of(const std::string& file) {
  const bool xml = file.ends_with(".xml") || file.ends_with(".pskc") || file.ends_with(".pskcxml");
  return xml ? "application/pskc+xml" : "text/csv";
}

/// The first line of a file that nobody else may read.
std::string secret_in(const std::string& file) {
  auto text = read_private_file(file).value_or("");
  text.erase(std::min(text.size(), text.find_first_of("\r\n")));
  if (text.empty()) throw LocalError(file + " is empty");
  return text;
}

void add_import(CLI::App& tokens, Session& session) {
  struct Wanted {
    std::string file, type, key_file, passphrase_file;
    bool detach = false;
  };
  auto* import = tokens.add_subcommand(
      "import", "Take tokens into stock from a vendor's file (CSV or PSKC); exit status 1 when rows were refused");
  auto wanted = std::make_shared<Wanted>();
  import->add_option("file", wanted->file, "Serial numbers and seeds")->required()->check(CLI::ExistingFile);
  import->add_option("--type", wanted->type, "text/csv or application/pskc+xml (by the file's name)")
      ->check(CLI::IsMember({"text/csv", "application/pskc+xml"}));
  auto* key = import->add_option("--pskc-key-file", wanted->key_file,
                                 "File (mode 0600) with the pre-shared key of an encrypted PSKC file, hexadecimal");
  import
      ->add_option("--pskc-passphrase-file", wanted->passphrase_file,
                   "File (mode 0600) with the passphrase of an encrypted PSKC file")
      ->excludes(key);
  import->add_flag("--detach", wanted->detach, "Don't wait; `countersign operations wait` does");
  import->callback([&session, wanted] {
    const auto type = wanted->type.empty() ? media_type_of(wanted->file) : wanted->type;
  std::map<std::string, std::string> headers;
  if (!wanted->key_file.empty()) headers["Countersign-Seed-File-Key"] = secret_in(wanted->key_file);
  if (!wanted->passphrase_file.empty())
    headers["Countersign-Seed-File-Passphrase"] = percent_encoded(secret_in(wanted->passphrase_file));
  const auto started =
      session.api().post_file(std::string(path).append("/import"), {}, type, wanted->file, std::move(headers));
  if (wanted->detach)
    session.show(started);
  else
    wait_for_operation(session, cell(started, "operation_id"));
});
}  // namespace

void add_looks(CLI::App& tokens, Session& session) {
  struct Wanted {
    std::string serial, status, user;
    Session::Paging paging;
  };
  auto* list = tokens.add_subcommand("list", "List tokens, and who has them");
  auto wanted = std::make_shared<Wanted>();
  list->add_option("--serial", wanted->serial, "Only the one with this serial number");
  list->add_option("--status", wanted->status, "in_stock, assigned or retired")
      ->check(CLI::IsMember({"in_stock", "assigned", "retired"}));
  list->add_option("--user", wanted->user, "usr_... or e-mail address");
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted] {
    const auto user = wanted->user.empty() ? "" : user_id(session, wanted->user);
    session.show_list(
        path, {{"serial", wanted->serial}, {"status", wanted->status}, {"user_id", user}},
        {{"ID", "id"}, {"SERIAL NUMBER", "serial_number"}, {"TYPE", "type"}, {"STATUS", "status"}, {"USER", "user_id"}},
        wanted->paging);
  });
  auto* show = tokens.add_subcommand("show", "Show one token");
  auto token = std::make_shared<std::string>();
  show->add_option("token", *token, which)->required();
  show->callback([&session, token] { session.show(session.api().get(one(*token))); });
}

void add_assignment(CLI::App& tokens, Session& session) {
  struct Wanted {
    std::string token, user, name;
    bool active = false, force = false;
  };
  auto* assign = tokens.add_subcommand("assign", "Give one to a user, to be confirmed by its first password");
  auto wanted = std::make_shared<Wanted>();
  assign->add_option("token", wanted->token, which)->required();
  assign->add_option("user", wanted->user, "usr_... or e-mail address")->required();
  assign->add_option("--name", wanted->name, "What people know it by");
  assign->add_flag("--active", wanted->active, "It needn't be confirmed; administrators only");
  assign->add_flag("--force", wanted->force, "Although the user has an open registration code");
  assign->callback([&session, wanted] {
    json::object body{
        {"user_id", user_id(session, wanted->user)}, {"active", wanted->active}, {"force", wanted->force}};
    if (!wanted->name.empty()) body["name"] = wanted->name;
    session.show(session.api().post(as_authenticator(wanted->token, "/assign"), body));
  });

  auto* unassign = tokens.add_subcommand("unassign", "Take one back into stock");
  auto token = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  unassign->add_option("token", *token, which)->required();
  unassign->add_flag("--force", *force, "Although it is the user's last active authenticator");
  unassign->callback([&session, token, force] {
    session.show(session.api().post(as_authenticator(*token, "/unassign"), json::object{{"force", *force}}));
  });
}

void add_ends(CLI::App& tokens, Session& session) {
  auto* retire = tokens.add_subcommand("retire", "One is lost or broken: nobody has it or gets it any more");
  auto token = std::make_shared<std::string>();
  retire->add_option("token", *token, which)->required();
  retire->callback([&session, token] { session.show(session.api().post(one(*token, "/retire"))); });
  auto* remove = tokens.add_subcommand("delete", "Forget one that nobody has, and destroy its seed");
  auto gone = std::make_shared<std::string>();
  remove->add_option("token", *gone, which)->required();
  remove->callback([&session, gone] {
    session.api().remove(one(*gone));
    session.say("deleted");
  });
}

}  // namespace countersign::cli

void add_hardware_tokens(CLI::App& app, Session& session) {
  auto* tokens = app.add_subcommand("hardware-tokens", "Hardware tokens: import, assign, take back, retire");
  tokens->require_subcommand(1);
  add_import(*tokens, session);
  add_looks(*tokens, session);
  add_assignment(*tokens, session);
  add_ends(*tokens, session);
}

}  // namespace countersign::cli
