// rebuild: the views anew, from the log. The one subcommand that writes to a data directory.

#include "tools/replay/commands/program.h"
#include "tools/replay/folding.h"

namespace countersign::replay {

void add_rebuild(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("rebuild", "Build the views anew and swap; the server must be stopped");
  program.reads(*command, [&program] {
    const auto events = rebuild(program.source, program.line.port());
    program.say("views rebuilt from " + std::to_string(events) + " events" +
                (program.source.no_keys ? ", without keys" : ""));
  });
}

}  // namespace countersign::replay
