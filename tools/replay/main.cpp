// countersign-replay: audits a log, or a copy of one, without a server. Writes to nothing but what `rebuild` rebuilds.
//
// Exit: 0 done, 1 something is wrong, 2 not understood. Errors go to stderr.

#include <CLI/CLI.hpp>
#include <iostream>

#include "adapters/queries/rfc3339.h"
#include "tools/countersign/text.h"
#include "tools/replay/folding.h"
#include "tools/replay/progress_line.h"
#include "tools/replay/prove.h"
#include "tools/replay/state_at.h"
#include "tools/replay/verify.h"

namespace {

using namespace countersign;

constexpr auto footer = R"(
DIR is a data directory (a running server's too), a copy of one, or a backup.

  countersign-replay verify --data-dir data
  countersign-replay verify --data-dir data --checkpoint kept-checkpoint
  countersign-replay prove --data-dir data --account acc_... --sequence 17
  countersign-replay prove --data-dir data --account acc_... --from 100 --to 200
  countersign-replay state --data-dir data --account acc_... --at 2026-11-23T03:00:00Z
  countersign-replay erasures --data-dir data > erasures

Exit status: 0 done, 1 something is wrong, 2 the command line was not understood.)";

int run_verify(const replay::Source& source, const std::string& checkpoint, replay::ProgressLine& line) {
  const auto result = replay::verify(source, line.port(), checkpoint);
  line.clear();
  std::cout << result.records << " records, " << result.frames << " frames, " << result.events << " events of "
            << result.accounts << " accounts\nhead " << result.head << '\n';
  if (result.superseded > 0) std::cout << result.superseded << " records of superseded writers were passed over\n";
  if (result.signed_heads > 0) std::cout << result.signed_heads << " signed heads are heads of this log\n";
  if (result.views_equal) std::cout << "the views equal a fold of the log\n";
  for (const auto& text : result.unchecked) std::cout << "not checked: " << cli::escaped(text) << '\n';
  if (result.wrong) {
    std::cerr << "countersign-replay: " << cli::escaped(*result.wrong) << '\n';
    return 1;
  }
  std::cout << (result.unchecked.empty() ? "everything verifies\n" : "what could be checked verifies\n");
  return 0;
}

int run_prove(const replay::Source& source, const std::string& account, replay::ProofWanted wanted,
              replay::ProgressLine& line) {
  const auto id = domain::parse_account(account);
  if (!id) throw CLI::ValidationError("--account", "an account id is expected, such as acc_...");
  if ((wanted.sequence > 0) == (wanted.from > 0))
    throw CLI::ValidationError("prove", "either --sequence (with --size), or --from (with --to) is expected");
  wanted.account = *id;
  const auto proof = replay::prove(source, wanted, line.port());
  line.clear();
  std::cout << cli::escaped_json(boost::json::serialize(proof)) << '\n';
  return 0;
}

int run_state(const replay::Source& source, const std::string& account, const std::string& at, const std::string& user,
              replay::ProgressLine& line) {
  replay::Question question;
  const auto id = domain::parse_account(account);
  const auto time = queries::parse_rfc3339(at);
  if (!id) throw CLI::ValidationError("--account", "an account id is expected, such as acc_...");
  if (!time) throw CLI::ValidationError("--at", "a time is expected, such as 2026-11-23T03:00:00Z");
  question.account = *id;
  question.at = *time;
  if (!user.empty()) {
    question.user = domain::UserId::parse(user);
    if (!question.user) throw CLI::ValidationError("--user", "a user id is expected, such as usr_...");
  }
  const auto state = replay::state_at(source, question, line.port());
  line.clear();
  if (state.is_null()) {
    std::cerr << "countersign-replay: there was no such " << (user.empty() ? "account" : "account or user")
              << " then\n";
    return 1;
  }
  std::cout << cli::escaped_json(boost::json::serialize(state)) << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Audits a Countersign log: verifies it, shows its state at a moment, rebuilds its views.");
  app.footer(footer);
  app.set_version_flag("--version", "countersign-replay " COUNTERSIGN_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  replay::Source source;
  app.add_option("--data-dir", source.directory, "Data directory, copy or backup")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--master-key-file", source.master_key_file, "Master key (<data-dir>/master-key)")
      ->check(CLI::ExistingFile);
  app.add_flag("--no-keys", source.no_keys, "Open no keys: folding needs none");
  auto* verify = app.add_subcommand("verify", "Every record, event and view");
  std::string checkpoint;
  verify->add_option("--checkpoint", checkpoint, "Signed checkpoint that must be one of this log")
      ->check(CLI::ExistingFile);
  auto* prove =
      app.add_subcommand("prove", "Proof that a log includes an event or goes on from a former size, as JSON");
  std::string proven_account;
  replay::ProofWanted wanted;
  prove->add_option("--account", proven_account, "acc_...")->required();
  auto* sequence = prove->add_option("--sequence", wanted.sequence, "Event whose inclusion is proven");
  prove->add_option("--size", wanted.size, "Size of the log that includes it (the last signed one)")->needs(sequence);
  auto* from =
      prove->add_option("--from", wanted.from, "Size from which the log is proven to go on")->excludes(sequence);
  prove->add_option("--to", wanted.size, "Later size (the last signed one)")->needs(from);
  auto* state = app.add_subcommand("state", "An account as of a moment, as JSON");
  std::string account, at, user;
  state->add_option("--account", account, "acc_...")->required();
  state->add_option("--at", at, "RFC 3339 time")->required();
  state->add_option("--user", user, "usr_...: nobody else");
  auto* rebuild = app.add_subcommand("rebuild", "Build the views anew and swap; the server must be stopped");
  auto* erasures = app.add_subcommand("erasures", "Everybody who was erased, for countersignd --restore --erasures");
  auto* dump = app.add_subcommand("dump-views", "Fingerprint of the views: equal for byte-identical ones");
  try {
    app.parse(argc, argv);
    replay::ProgressLine line;
    if (*verify) return run_verify(source, checkpoint, line);
    if (*prove) return run_prove(source, proven_account, wanted, line);
    if (*state) return run_state(source, account, at, user, line);
    if (*rebuild) {
      const auto events = replay::rebuild(source, line.port());
      line.clear();
      std::cout << "views rebuilt from " << events << " events" << (source.no_keys ? ", without keys\n" : "\n");
    } else if (*erasures) {
      for (const auto& row : replay::erasures(source, line.port())) std::cout << row << '\n';
    } else if (*dump) {
      const projections::Views views({.directory = (source.directory / "views").string(), .read_only = true});
      std::cout << projections::fingerprint(views) << " frame " << bus::value(views.position().last) << '\n';
    }
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    app.exit(error, std::cerr, std::cerr);
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "countersign-replay: " << cli::escaped(error.what()) << '\n';
    return 1;
  }
}
