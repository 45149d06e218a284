#pragma once
// What every command works with: the options that all share, the API behind them (made when first asked for), and the
// two ways to show a result: for people or, with --json, for programs.

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tools/countersign/api.h"
#include "tools/countersign/profile.h"
#include "tools/countersign/table.h"

namespace countersign::cli {

struct Options {
  std::string server, key_file, ca_file;
  bool json = false;
};

/// Which server and key count: options, then the environment, then the profile. A profile's key goes to the profile's
/// server only. `server` is never empty.
Profile chosen(const Options& options, const std::optional<Profile>& stored);

class Session {
 public:
  Options options;

  Api& api();
  /// Without a key, for what is public.
  Api& anonymous();

  /// A list of a command `list`: --limit and --all are added here, and shown is what they let through.
  struct Paging {
    std::size_t limit = 100;
    bool all = false;
  };
  static void add_paging(CLI::App& command, Paging& paging);
  void show_list(std::string_view path, Parameters parameters, const std::vector<Column>& columns,
                 const Paging& paging);

  /// Without `titles`: what goes on a table begun before.
  void show(const boost::json::array& items, const std::vector<Column>& columns, bool titles = true) const;
  void show(const boost::json::object& object) const;
  /// One line for people; nothing with --json.
  void say(const std::string& text) const;

  /// 1: something was wrong although the command went through. The greatest one counts.
  void finish_with(int exit_code) { exit_code_ = std::max(exit_code_, exit_code); }
  int exit_code() const { return exit_code_; }

 private:
  Api make(bool with_key);
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<Api> api_, anonymous_;
  int exit_code_ = 0;
};

/// `who` itself, or the id of the user with that e-mail address. Throws std::runtime_error when there is none.
std::string user_id(Session& session, const std::string& who);

/// Waits until an operation has ended, with a progress bar when stderr is a terminal; shows what came out.
void wait_for_operation(Session& session, const std::string& operation_id);

// One function a subcommand, each in a file of its own.
void add_accounts(CLI::App& app, Session& session);
void add_keys(CLI::App& app, Session& session);
void add_audit_key(CLI::App& app, Session& session);
void add_policy(CLI::App& app, Session& session);
void add_users(CLI::App& app, Session& session);
void add_codes(CLI::App& app, Session& session);
void add_devices(CLI::App& app, Session& session);
void add_authenticators(CLI::App& app, Session& session);
void add_challenges(CLI::App& app, Session& session);
void add_licences(CLI::App& app, Session& session);
void add_hardware_tokens(CLI::App& app, Session& session);
void add_registrations(CLI::App& app, Session& session);
void add_tokens(CLI::App& app, Session& session);
void add_sessions(CLI::App& app, Session& session);
void add_events(CLI::App& app, Session& session);
void add_operations(CLI::App& app, Session& session);
void add_siem_destinations(CLI::App& app, Session& session);
void add_login(CLI::App& app, Session& session);
void add_backup(CLI::App& app, Session& session);
void add_cluster(CLI::App& app, Session& session);

}  // namespace countersign::cli
