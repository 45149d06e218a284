// prove: inclusion of an event, or that a log goes on from a former size.

#include "tools/replay/prove.h"

#include "tools/replay/commands/program.h"

namespace countersign::replay {

void add_prove(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("prove", "Proof that a log includes an event or goes on from a former size, as JSON");
  struct Asked {
    std::string account;
    ProofWanted wanted;
  };
  auto asked = std::make_shared<Asked>();
  auto& wanted = asked->wanted;
  command->add_option("--account", asked->account, "acc_...")->required();
  auto* sequence = command->add_option("--sequence", wanted.sequence, "Event whose inclusion is proven");
  command->add_option("--size", wanted.size, "Size of the log that includes it (the last signed one)")->needs(sequence);
  auto* from =
      command->add_option("--from", wanted.from, "Size from which the log is proven to go on")->excludes(sequence);
  command->add_option("--to", wanted.size, "Later size (the last signed one)")->needs(from);
  program.reads_any(*command, [&program, asked] {
    asked->wanted.account = account_option(asked->account);
    if ((asked->wanted.sequence > 0) == (asked->wanted.from > 0))
      throw CLI::ValidationError("prove", "either --sequence (with --size), or --from (with --to) is expected");
    program.show(prove(program.source_of(asked->wanted.account), asked->wanted, program.line.port()));
  });
}

}  // namespace countersign::replay
