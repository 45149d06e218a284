// diff: what changed between two moments, and by which events.

#include "tools/replay/commands/program.h"
#include "tools/replay/difference.h"

namespace countersign::replay {

void add_diff(CLI::App& app, Program& program) {
  auto* diff = app.add_subcommand("diff", "What changed between two moments, and by which events");
  struct Wanted {
    std::string account, from, to, user, device;
    bool json = false;
  };
  auto wanted = std::make_shared<Wanted>();
  diff->add_option("--account", wanted->account, "acc_...")->required();
  diff->add_option("--from", wanted->from, "Time, position or #SEQUENCE")->required();
  diff->add_option("--to", wanted->to, "The later one")->required();
  diff->add_option("--user", wanted->user, "usr_...: nobody else");
  diff->add_option("--device", wanted->device, "dev_...: nothing else, and whose it is");
  diff->add_flag("--json", wanted->json, "JSON on a terminal, too");
  program.reads_any(*diff, [&program, wanted] {
    const DifferenceQuestion question{account_option(wanted->account), moment_option("--from", wanted->from),
                                      moment_option("--to", wanted->to), sitter_options(wanted->user, wanted->device)};
    const auto found = difference(program.source_of(question.account), question, program.line.port());
    if (found.is_null()) return program.fail("there was no such account, user or device at either moment");
    if (Program::for_people(wanted->json))
      program.say(difference_text(found.get_object()));
    else
      program.show(found);
  });
}

}  // namespace countersign::replay
