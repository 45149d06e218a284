// verify: everything that can be derived again, is.

#include "tools/replay/verify.h"

#include "tools/replay/commands/program.h"

namespace countersign::replay {

namespace {

void show(Program& program, const Verified& result) {
  const auto number = [](auto count) { return std::to_string(count); };
  program.say(number(result.records) + " records, " + number(result.frames) + " frames, " + number(result.events) +
              " events of " + number(result.accounts) + " accounts\nhead " + result.head);
  if (result.superseded > 0) program.say(number(result.superseded) + " records of superseded writers were passed over");
  if (result.noise > 0) program.say(number(result.noise) + " records of strangers, or repeated ones, were passed over");
  if (result.seals_opened > 0) program.say(number(result.seals_opened) + " seals fit what stands in clear");
  if (result.seals_erased > 0)
    program.say(number(result.seals_erased) + " seals have no key: their people were erased");
  if (result.signed_heads > 0) program.say(number(result.signed_heads) + " signed heads are heads of this log");
  if (result.index_segments > 0)
    program.say(number(result.index_segments) + " segments of the event index equal those of the log");
  if (result.views_equal) program.say("the views equal a fold of the log");
  for (const auto& text : result.unchecked) program.say("not checked: " + text);
}

}  // namespace

void add_verify(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("verify", "Every record, event, seal, signed head, index segment and view");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("--checkpoint", options->checkpoints, "Signed checkpoints that must be ones of this log")
      ->check(CLI::ExistingFile);
  program.reads_any(*command, [&program, options] {
    const auto sources = program.sources();
    if (!options->checkpoints.empty() && sources.size() > 1)
      throw CLI::ValidationError("--checkpoint",
                                 "of a cluster one partition is expected, that of the checkpoint's account");
    bool complete = true;
    for (const auto& source : sources) {
      const auto result = verify(source, program.line.port(), *options);
      const auto which = source.cluster ? "partition " + std::to_string(source.partition) : std::string();
      if (source.cluster) program.say(which + ":");
      show(program, result);
      if (result.wrong) return program.fail(source.cluster ? which + ": " + *result.wrong : *result.wrong);
      complete = complete && (result.unchecked.empty() || source.cluster);
    }
    program.say(complete ? "everything verifies" : "what could be checked verifies");
  });
}

}  // namespace countersign::replay
