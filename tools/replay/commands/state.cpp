// state: an account as of a moment.

#include "tools/replay/commands/program.h"
#include "tools/replay/state_at.h"

namespace countersign::replay {

void add_state(CLI::App& app, Program& program) {
  auto* state = app.add_subcommand("state", "An account as of a moment, as JSON");
  struct Wanted {
    std::string account, at, user, device;
  };
  auto wanted = std::make_shared<Wanted>();
  state->add_option("--account", wanted->account, "acc_...")->required();
  state->add_option("--at", wanted->at, "Time, position or #SEQUENCE")->required();
  state->add_option("--user", wanted->user, "usr_...: nobody else");
  state->add_option("--device", wanted->device, "dev_...: nothing else, and whose it is");
  program.reads_any(*state, [&program, wanted] {
    const Question question{account_option(wanted->account), moment_option("--at", wanted->at),
                            sitter_options(wanted->user, wanted->device)};
    const auto drawn = state_at(program.source_of(question.account), question, program.line.port());
    if (drawn.is_null()) return program.fail("there was no such account, user or device then");
    program.show(drawn);
  });
}

}  // namespace countersign::replay
