// countersign: the administrator's command line, over the HTTP API.
//
// Exit: 0 done, 1 refused or something was wrong, 2 not understood. Errors go to stderr.

#include <csignal>
#include <iostream>

#include "tools/countersign/session.h"
#include "tools/countersign/suggestion.h"
#include "tools/countersign/text.h"

namespace {

constexpr auto footer = R"(
The key comes from --key-file, COUNTERSIGN_KEY, or the profile that `countersign login` made. Lists are tables on a
terminal and tab-separated otherwise; with --json every item is one line of JSON.

  countersign --key-file data/root-key accounts create "Example Inc"   make an account and its first key
  countersign login --key-file admin-key                               remember server and key
  countersign users import people.csv                                  create users from a directory export
  countersign codes generate-for-new                                   a code for everybody who never had one
  countersign codes download codes.csv                                 hand them out
  countersign codes explain 7KQP-2M9X-WYZ4                             why doesn't my code work?
  countersign events tail                                              watch what happens

Exit status: 0 done, 1 refused or something was wrong, 2 the command line was not understood.)";

int fail(const std::string& text, int exit_code) {
  std::cerr << "countersign: " << text << '\n';
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace countersign::cli;
  std::signal(SIGPIPE, SIG_IGN);  // `| head`: writing fails, and we end
  CLI::App app("Administers a Countersign server: accounts, users, registration codes, devices, tokens, events.");
  app.footer(footer);
  app.set_version_flag("--version", "countersign " COUNTERSIGN_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Session session;
  app.add_option("--server", session.options.server,
                 "Server, such as https://codes.example.com (http://127.0.0.1:8420)");
  app.add_option("--key-file", session.options.key_file, "File whose first line is the key")->check(CLI::ExistingFile);
  app.add_option("--ca-file", session.options.ca_file, "Certificates to trust (the system's)")
      ->check(CLI::ExistingFile);
  app.add_flag("--json", session.options.json, "One line of JSON an item, for programs");
  for (auto* add : {add_accounts,          add_keys,           add_policy,     add_users,    add_codes,
                    add_devices,           add_authenticators, add_challenges, add_licences, add_hardware_tokens,
                    add_registrations,     add_tokens,         add_sessions,   add_events,   add_cluster,
                    add_siem_destinations, add_operations,     add_login,      add_backup,   add_audit_key})
    add(app, session);
  try {
    app.parse(argc, argv);
    std::cout.flush();
    return std::cout ? session.exit_code() : 1;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    if (const auto text = unknown_command(app, {argv + 1, argv + argc}); !text.empty()) return fail(text, 2);
    app.exit(error, std::cerr, std::cerr);
    return 2;
  } catch (const LocalError& error) {
    return fail(escaped(error.what()), 2);
  } catch (const std::invalid_argument& error) {
    return fail(escaped(error.what()), 2);
  } catch (const Refused& error) {
    return fail(error.what(), 1);  // escaped piece by piece; has lines of its own
  } catch (const std::exception& error) {
    return fail(escaped(error.what()), 1);
  }
}
