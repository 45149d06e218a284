// export: an account's events into a directory, for a SIEM or for somebody who checks them.

#include "tools/replay/export/export.h"

#include "tools/replay/commands/program.h"

namespace countersign::replay {

void add_export(CLI::App& app, Program& program) {
  auto* exported = app.add_subcommand("export", "An account's events into a directory; goes on where it was cut off");
  exported->footer(
      "What the keys open is written in clear: addresses, names. Files are 0600. With --bundle the directory holds "
      "what "
      "others need to check every event and to read what is in it (countersign-replay verify-bundle), and of other "
      "events nothing; keys of codes that can still be redeemed are left out.");
  struct Wanted {
    std::string account;
    ExportQuestion question;
    std::filesystem::path out;
    bool resume = false;
  };
  auto wanted = std::make_shared<Wanted>();
  auto& question = wanted->question;
  exported->add_option("--account", wanted->account, "acc_...")->required();
  exported->add_option("--from", question.from, "Time or #SEQUENCE, with it; or position, behind it (the beginning)");
  exported->add_option("--to", question.to, "Time, position or #SEQUENCE, with it (the end)");
  exported->add_option("--filter", question.filter, "SCIM filter, as GET /v1/events has it");
  exported->add_option("--format", question.format, "How the events are written")
      ->required()
      ->check(CLI::IsMember({"native", "ocsf", "ecs", "cef", "leef", "csv"}));
  exported->add_option("--out", wanted->out, "Directory: new, empty, or of the same export")->required();
  exported->add_flag("--bundle", question.bundle, "With bytes, proofs and keys of the events");
  exported->add_flag("--resume", wanted->resume, "Only go on with an export that was begun");
  program.reads_any(*exported, [&program, wanted] {
    wanted->question.account = account_option(wanted->account);
    if (wanted->resume && !std::filesystem::exists(wanted->out / progress_file) &&
        !std::filesystem::exists(wanted->out / manifest_file))
      return program.fail(wanted->out.string() + " holds no export that could go on");
    Exported done;
    try {
      done = export_events(program.source_of(wanted->question.account), wanted->question, wanted->out,
                           program.line.port());
    } catch (const std::invalid_argument& error) {
      throw CLI::ValidationError("export", error.what());
    }
    for (const auto& note : done.notes) program.say("note: " + note);
    const auto& manifest = done.manifest;
    auto text = std::to_string(manifest.done.events) + " events in " + wanted->out.string();
    if (done.was_whole) text += ": everything was there already";
    if (done.went_on) text += ", gone on with";
    if (manifest.question.bundle) text += "; keys of " + std::to_string(manifest.done.keys) + " of them";
    program.say(text);
  });
}

}  // namespace countersign::replay
