// dump-views: a fingerprint, equal for byte-identical views.

#include "projections/projector.h"
#include "tools/replay/commands/program.h"

namespace countersign::replay {

void add_dump_views(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("dump-views", "Fingerprint of the views: equal for byte-identical ones");
  program.reads(*command, [&program] {
    const projections::Views views({.directory = (program.source.directory / "views").string(), .read_only = true});
    program.say(projections::fingerprint(views) + " frame " + std::to_string(bus::value(views.position().last)));
  });
}

}  // namespace countersign::replay
