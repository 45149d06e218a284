// licences: how many devices without a network there may be.

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view path = "/v1/licences";

std::string one(const std::string& id) {
  return std::string(path).append("/").append(id);
}

struct Terms {
  std::optional<std::uint32_t> activations;
  std::optional<std::uint32_t> max_reactivations;
  bool unlimited = false;
};

void add_terms(CLI::App& command, Terms& terms) {
  command.add_option("--activations", terms.activations, "Devices at a time");
  auto* limit = command.add_option("--max-reactivations", terms.max_reactivations,
                                   "How often an activation that an activated device gave back may be used again");
  command.add_flag("--unlimited-reactivations", terms.unlimited, "Always")->excludes(limit);
}

void put(json::object& body, const Terms& terms) {
  if (terms.activations) body["activations"] = *terms.activations;
  if (terms.max_reactivations) body["max_reactivations"] = *terms.max_reactivations;
  if (terms.unlimited) body["max_reactivations"] = nullptr;
}

void add_licence_changes(CLI::App& licences, Session& session) {
  struct New {
    std::string serial_number, type, authenticator_type;
    Terms terms;
  };
  auto* create = licences.add_subcommand("create", "Create a licence");
  auto wanted = std::make_shared<New>();
  create->add_option("--serial-number", wanted->serial_number, "1 to 64 visible characters")->required();
  create->add_option("--type", wanted->type, "MDL: for many devices, SDL: for a single one")
      ->required()
      ->check(CLI::IsMember({"MDL", "SDL"}));
  create->add_option("--authenticator-type", wanted->authenticator_type, "totp or hotp")
      ->required()
      ->check(CLI::IsMember({"totp", "hotp"}));
  add_terms(*create, wanted->terms);
  create->callback([&session, wanted] {
    json::object body{{"serial_number", wanted->serial_number},
                      {"type", wanted->type},
                      {"authenticator_type", wanted->authenticator_type}};
    put(body, wanted->terms);
    session.show(session.api().post(path, body));
  });

  auto* update = licences.add_subcommand("update", "Change how many devices one is for");
  auto id = std::make_shared<std::string>();
  auto terms = std::make_shared<Terms>();
  update->add_option("licence", *id, "lic_...")->required();
  add_terms(*update, *terms);
  update->callback([&session, id, terms] {
    json::object body;
    put(body, *terms);
    if (body.empty()) throw CLI::RequiredError("licences update: name something to change; one of the options");
    session.show(session.api().patch(one(*id), body));
  });

  auto* remove = licences.add_subcommand("delete", "Delete one of which nothing is used");
  auto gone = std::make_shared<std::string>();
  remove->add_option("licence", *gone, "lic_...")->required();
  remove->callback([&session, gone] {
    session.api().remove(one(*gone));
    session.say("deleted");
  });
}

void add_licence_import(CLI::App& licences, Session& session) {
  auto* import = licences.add_subcommand(
      "import",
      "Create licences from a CSV file: serial_number,type,activations,authenticator_type[,max_reactivations]; "
      "exit status 1 when rows were refused");
  auto file = std::make_shared<std::string>();
  import->add_option("file", *file, "With a header line; 10,000 rows at most")->required()->check(CLI::ExistingFile);
  import->callback([&session, file] {
    const auto done = session.api().post_file(std::string(path).append("/import"), {}, "text/csv", *file);
  session.show(done);
  if (!done.at("rows").as_array().empty()) session.finish_with(1);
});
}  // namespace

void add_licence_looks(CLI::App& licences, Session& session) {
  struct Wanted {
    std::string serial_number;
    Session::Paging paging;
  };
  auto* list = licences.add_subcommand("list", "List licences, and how much of them is used");
  auto wanted = std::make_shared<Wanted>();
  list->add_option("--serial-number", wanted->serial_number, "Only this one");
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted] {
    session.show_list(path, {{"serial_number", wanted->serial_number}},
                      {{"ID", "id"},
                       {"SERIAL NUMBER", "serial_number"},
                       {"TYPE", "type"},
                       {"USED", "used"},
                       {"FREE", "free"},
                       {"OF", "activations"}},
                      wanted->paging);
  });
  auto* show = licences.add_subcommand("show", "Show one licence");
  auto id = std::make_shared<std::string>();
  show->add_option("licence", *id, "lic_...")->required();
  show->callback([&session, id] { session.show(session.api().get(one(*id))); });
}

}  // namespace countersign::cli

void add_licences(CLI::App& app, Session& session) {
  auto* licences = app.add_subcommand("licences", "How many devices without a network there may be");
  licences->require_subcommand(1);
  add_licence_changes(*licences, session);
  add_licence_import(*licences, session);
  add_licence_looks(*licences, session);
}

}  // namespace countersign::cli
