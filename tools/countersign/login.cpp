// login: remembers server and key for the next commands.

#include "tools/countersign/hidden_input.h"
#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

/// 403 means that the key is known and may do other things than this.
void check(HttpClient& http, const std::string& key) {
  try {
    Api(http, key).get(key.starts_with("csroot_") ? "/v1/accounts" : "/v1/provisioning");
  } catch (const Refused& refused) {
    if (refused.status() != 403) throw;
  }
}

}  // namespace

void add_login(CLI::App& app, Session& session) {
  auto* login =
      app.add_subcommand("login", "Try a key and remember it with the server, in a file that only you can read");
  login->footer(
      "The key comes from --key-file or COUNTERSIGN_KEY, else it is asked for (or read from standard input).\n\n"
      "Exit status: 0 done, 1 refused or something was wrong, 2 the command line was not understood.");
  login->callback([&session] {
    auto profile = chosen(session.options, std::nullopt);
    if (profile.key.empty()) profile.key = ask_hidden("API key");
    if (profile.key.empty()) throw LocalError("No key was given.");
    HttpClient http(profile.server, profile.ca_file);
    if (!http.is_private()) throw LocalError("The key would go to " + profile.server + " in clear: use https.");
    check(http, profile.key);
    save_profile(profile_path(), profile);
    session.say("remembered in " + profile_path().string());
  });

  auto* logout = app.add_subcommand("logout", "Forget server and key");
  logout->callback([&session] {
    std::error_code error;
    std::filesystem::remove(profile_path(), error);
    if (error) throw LocalError(profile_path().string() + ": " + error.message());
    session.say("forgotten");
  });
}

}  // namespace countersign::cli
