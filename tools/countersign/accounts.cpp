// accounts: what the root key manages.

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

const std::vector<Column> columns{
    {"ID", "id"}, {"NAME", "name"}, {"STATUS", "status"}, {"USERS", "users"}, {"CREATED", "created_at"}};

void add_status(CLI::App& accounts, Session& session, const char* name, const char* status, const char* text) {
  auto* command = accounts.add_subcommand(name, text);
  auto id = std::make_shared<std::string>();
  command->add_option("account", *id, "acc_...")->required();
  command->callback([&session, id, status] {
    session.show(session.api().patch("/v1/accounts/" + *id, boost::json::object{{"status", status}}));
  });
}

}  // namespace

void add_accounts(CLI::App& app, Session& session) {
  auto* accounts = app.add_subcommand("accounts", "Create, list, suspend and rescue accounts (root key)");
  accounts->require_subcommand(1);

  auto* create = accounts->add_subcommand("create", "Create an account; shows its first administrator key, once");
  auto name = std::make_shared<std::string>();
  create->add_option("name", *name, "Name of the account")->required();
  create->callback([&session, name] {
    session.show(session.api().post("/v1/accounts", boost::json::object{{"name", *name}}));
  });

  auto* list = accounts->add_subcommand("list", "List accounts");
  auto paging = std::make_shared<Session::Paging>();
  Session::add_paging(*list, *paging);
  list->callback([&session, paging] { session.show_list("/v1/accounts", {}, columns, *paging); });

  add_status(*accounts, session, "suspend", "suspended",
             "Refuse an account's keys, codes and tokens until it is resumed");
  add_status(*accounts, session, "resume", "active", "Take a suspension back");

  auto* rescue = accounts->add_subcommand("rescue", "Make a new administrator key for an account that lost its own");
  auto id = std::make_shared<std::string>();
  rescue->add_option("account", *id, "acc_...")->required();
  rescue->callback([&session, id] { session.show(session.api().post("/v1/accounts/" + *id + "/admin-keys")); });
}

}  // namespace countersign::cli
