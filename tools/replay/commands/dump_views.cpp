// dump-views: a fingerprint, equal for byte-identical views.

#include "projections/projector.h"
#include "tools/replay/commands/program.h"

namespace countersign::replay {

void add_dump_views(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("dump-views", "Fingerprint of the views: equal for byte-identical ones");
  auto without_frames = std::make_shared<bool>(false);
  command->add_flag("--without-frames", *without_frames,
                    "Also equal when the same events stand in other frames, as in a copy");
  program.reads(*command, [&program, without_frames] {
    const projections::Views views({.directory = (program.source.directory / "views").string(), .read_only = true});
    if (*without_frames) return program.say(projections::fingerprint_without_frames(views));
    program.say(projections::fingerprint(views) + " frame " + std::to_string(bus::value(views.position().last)));
  });
}

}  // namespace countersign::replay
