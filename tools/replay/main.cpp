// countersign-replay: audits a log, or a copy of one, without a server. Writes to nothing but what `rebuild` rebuilds,
// the directory that `export` is given, and the target of a `copy`.
//
// Exit: 0 done, 1 something is wrong, 2 not understood. Errors go to stderr.

#include <iostream>

#include "tools/replay/commands/program.h"

namespace {

constexpr auto footer = R"(
DIR is a data directory (a running server's too), a copy of one, or a backup. A moment is a time, a position as the
API's answers have it, or an event's #SEQUENCE.

  countersign-replay verify --data-dir DIR
  countersign-replay verify --data-dir DIR --checkpoint kept-checkpoint
  countersign-replay state --data-dir DIR --account acc_... --at 2026-11-23T03:00:00Z
  countersign-replay diff --data-dir DIR --account acc_... --from 2026-11-23T03:00:00Z --to '#1200'
  countersign-replay trace --data-dir DIR --account acc_... --user usr_...
  countersign-replay explain --data-dir DIR --account acc_... --token tok_...
  countersign-replay export --data-dir DIR --account acc_... --format ocsf --out OUT --bundle
  countersign-replay verify-bundle OUT --verifier-key KEY
  countersign-replay prove --data-dir DIR --account acc_... --sequence 17
  countersign-replay erasures --data-dir DIR > erasures
  countersign-replay verify --kafka-brokers LIST --master-key-file FILE
  countersign-replay copy --data-dir DIR --to-kafka-brokers LIST --master-key-file FILE
  countersign-replay copy --kafka-brokers LIST --to-data-dir NEW --master-key-file FILE

Exit status: 0 done, 1 something is wrong, 2 the command line was not understood.)";

}  // namespace

int main(int argc, char** argv) {
  using namespace countersign::replay;
  CLI::App app("Audits a Countersign log: verifies it, shows its past and explains it, exports it with proofs.");
  app.footer(footer);
  app.set_version_flag("--version", "countersign-replay " COUNTERSIGN_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Program program;
  program.add_options(app);
  for (auto* add : {add_verify, add_state, add_diff, add_trace, add_explain, add_export, add_verify_bundle, add_prove,
                    add_rebuild, add_erasures, add_dump_views, add_copy})
    add(app, program);
  try {
    app.parse(argc, argv);
    std::cout.flush();
    return std::cout ? program.exit_code() : 1;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    app.exit(error, std::cerr, std::cerr);
    return 2;
  } catch (const std::exception& error) {
    program.fail(error.what());
    return 1;
  }
}
