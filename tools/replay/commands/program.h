#pragma once
// What every subcommand works with: where the log is and which keys open it, how far a long reading is, and how a
// result is shown: JSON for programs, words on a terminal.

#include <CLI/CLI.hpp>

#include <boost/json.hpp>
#include <functional>
#include <string>

#include "tools/replay/moment.h"
#include "tools/replay/portrait.h"
#include "tools/replay/progress_line.h"

namespace countersign::replay {

class Program {
 public:
  Source source;
  ProgressLine line;
  KafkaPlace kafka;  ///< no brokers: a data directory is read

  /// --data-dir or where a cluster is, and which keys open it: for all subcommands, before their names or behind.
  void add_options(CLI::App& app);
  /// What the subcommand does, which needs --data-dir.
  void reads(CLI::App& command, std::function<void()> run);
  /// The same, from a cluster, too.
  void reads_any(CLI::App& command, std::function<void()> run);

  /// Where an account's events are: in a cluster, its partition or the one that --partition says.
  Source source_of(domain::AccountId account) const;
  /// All partitions, or the one that --partition says; a data directory is one.
  std::vector<Source> sources() const;

  /// One line, with what others wrote escaped.
  void show(const boost::json::value& value);
  /// Words, escaped line by line.
  void say(const std::string& text);
  /// To standard error; the exit status becomes 1.
  void fail(const std::string& text);
  int exit_code() const { return exit_code_; }
  /// Whether people read what is shown: a terminal, and nobody has asked for --json.
  static bool for_people(bool json);

 private:
  void open_cluster();
  std::optional<std::uint32_t> partition_;
  int exit_code_ = 0;
};

// What options say; CLI::ValidationError naming the option when they don't.
domain::AccountId account_option(const std::string& text);
Moment moment_option(const std::string& option, const std::string& text);
/// Both may be empty.
Sitter sitter_options(const std::string& user, const std::string& device);

// One function a subcommand, each in a file of its own.
void add_copy(CLI::App& app, Program& program);
void add_verify(CLI::App& app, Program& program);
void add_prove(CLI::App& app, Program& program);
void add_state(CLI::App& app, Program& program);
void add_diff(CLI::App& app, Program& program);
void add_trace(CLI::App& app, Program& program);
void add_explain(CLI::App& app, Program& program);
void add_export(CLI::App& app, Program& program);
void add_verify_bundle(CLI::App& app, Program& program);
void add_rebuild(CLI::App& app, Program& program);
void add_erasures(CLI::App& app, Program& program);
void add_dump_views(CLI::App& app, Program& program);

}  // namespace countersign::replay
