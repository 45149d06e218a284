// codes: registration codes.

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

void add_generate(CLI::App& codes, Session& session) {
  struct Wanted {
    std::vector<std::string> users;
    unsigned each = 1;
  };
  auto* generate = codes.add_subcommand("generate", "Generate codes for chosen users, all or nothing; shows them");
  auto wanted = std::make_shared<Wanted>();
  generate->add_option("users", wanted->users, "usr_... or e-mail addresses, 500 at most")->required();
  generate->add_option("--each", wanted->each, "Codes a user: one code activates one device (1)")
      ->check(CLI::Range(1, 200));
  generate->callback([&session, wanted] {
    boost::json::array ids;
    for (const auto& who : wanted->users) ids.emplace_back(user_id(session, who));
    const auto answer = session.api().post(
        "/v1/registration-codes", boost::json::object{{"user_ids", std::move(ids)}, {"codes_per_user", wanted->each}});
    session.show(answer.at("items").as_array(),
                 {{"CODE", "code"}, {"USER", "user_id"}, {"EXPIRES", "expires_at"}, {"ID", "id"}});
  });

  auto* all = codes.add_subcommand("generate-for-new", "Generate a code for every enabled user that never had one");
  auto detach = std::make_shared<bool>(false);
  all->add_flag("--detach", *detach, "Don't wait; `countersign operations wait` does");
  all->callback([&session, detach] {
    const auto started = session.api().post("/v1/registration-codes/generate-for-new-users");
    if (*detach)
      session.show(started);
    else
      wait_for_operation(session, cell(started, "operation_id"));
  });
}

void add_list(CLI::App& codes, Session& session) {
  struct Wanted {
    std::string user, status;
    Session::Paging paging;
  };
  auto* list = codes.add_subcommand("list", "List codes; administrators see open ones in clear");
  auto wanted = std::make_shared<Wanted>();
  list->add_option("--user", wanted->user, "usr_... or e-mail address");
  list->add_option("--status", wanted->status, "Only codes of this status")
      ->check(CLI::IsMember({"open", "reserved", "used", "revoked", "expired"}));
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted] {
    session.show_list("/v1/registration-codes",
                      {{"user_id", user_id(session, wanted->user)}, {"status", wanted->status}},
                      {{"ID", "id"},
                       {"USER", "user_id"},
                       {"STATUS", "status"},
                       {"BLOCKED", "blocked"},
                       {"EXPIRES", "expires_at"},
                       {"CODE", "code"}},
                      wanted->paging);
  });
}

/// Into a file of mode 0600, or to standard output for "-".
void download(Session& session, const std::string& file, const Parameters& parameters) {
  std::ofstream out;
  if (file != "-" && ::access(file.c_str(), F_OK) == 0)
    throw LocalError(file + " exists: name another file, or - for standard output.");
  // Not before the server has begun to answer: a refusal leaves no file behind.
  const auto begin = [&] {
    if (file == "-" || out.is_open()) return;
    const auto mask = ::umask(077);
    out.open(file, std::ios::binary);
    ::umask(mask);
    if (!out) throw LocalError(file + " can't be written.");
  };
  std::ostream& to = file == "-" ? std::cout : out;
  session.api().stream("/v1/registration-codes.csv", parameters, "text/csv", [&](std::string_view piece) {
    begin();
    to.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return to.good();
  });
  begin();
  to.flush();
  if (!to) throw std::runtime_error(file + ": writing failed; the file is not complete.");
}

void add_download(CLI::App& codes, Session& session) {
  struct Wanted {
    std::string file, user, operation, since, columns;
  };
  auto* command = codes.add_subcommand("download", "Write open codes to a CSV file (0600); the download is an event");
  auto wanted = std::make_shared<Wanted>();
  command->add_option("file", wanted->file, "New file, or - for standard output")->required();
  command->add_option("--user", wanted->user, "usr_... or e-mail address");
  command->add_option("--operation", wanted->operation, "Only what this generation made: op_...");
  command->add_option("--since", wanted->since, "Only codes generated since, such as 2026-11-23T00:00:00Z");
  command->add_option("--columns", wanted->columns, "Comma-separated (first name, last name, e-mail, code)");
  command->callback([&session, wanted] {
    download(session, wanted->file,
             {{"user_id", user_id(session, wanted->user)},
              {"operation_id", wanted->operation},
              {"generated_since", wanted->since},
              {"columns", wanted->columns}});
  });
}

void add_explain_and_revoke(CLI::App& codes, Session& session) {
  auto* explain = codes.add_subcommand("explain", "Why doesn't this code work? By the code, or a refusal's reference");
  auto asked = std::make_shared<std::string>();
  explain->add_option("code", *asked, "XXXX-XXXX-XXXX, or the reference of a refusal")->required();
  explain->callback([&session, asked] {
    const bool is_reference = asked->find('_') != std::string::npos || asked->size() > 20;
    const char* field = is_reference ? "reference" : "code";
    session.show(session.api().post("/v1/registration-codes/lookup", boost::json::object{{field, *asked}}));
  });

  auto id = std::make_shared<std::string>();
  auto* show = codes.add_subcommand("show", "Show one code");
  show->add_option("code", *id, "rc_...")->required();
  show->callback([&session, id] { session.show(session.api().get("/v1/registration-codes/" + *id)); });
  auto* revoke = codes.add_subcommand("revoke", "Revoke a code; a used one takes device, token and session with it");
  revoke->add_option("code", *id, "rc_...")->required();
  revoke->callback([&session, id] { session.show(session.api().post("/v1/registration-codes/" + *id + "/revoke")); });
}

void add_redeem(CLI::App& codes, Session& session) {
  struct Wanted {
    std::string code, name = "countersign", platform = "cli";
  };
  auto* redeem = codes.add_subcommand("redeem", "Redeem a code as a device would (no key needed); to try things out");
  auto wanted = std::make_shared<Wanted>();
  redeem->add_option("code", wanted->code, "XXXX-XXXX-XXXX")->required();
  redeem->add_option("--name", wanted->name, "Of the device");
  redeem->add_option("--platform", wanted->platform, "Of the device");
  redeem->callback([&session, wanted] {
    const boost::json::object device{{"name", wanted->name}, {"platform", wanted->platform}};
    session.show(
        session.anonymous().post("/v1/redeem", boost::json::object{{"code", wanted->code}, {"device", device}}));
  });
}

}  // namespace

void add_codes(CLI::App& app, Session& session) {
  auto* codes = app.add_subcommand("codes", "Generate, hand out, explain and revoke registration codes");
  codes->require_subcommand(1);
  add_generate(*codes, session);
  add_list(*codes, session);
  add_download(*codes, session);
  add_explain_and_revoke(*codes, session);
  add_redeem(*codes, session);
}

}  // namespace countersign::cli
