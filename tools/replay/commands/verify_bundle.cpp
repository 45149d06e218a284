// verify-bundle: what somebody was given, checked with nothing but what is in it.

#include "tools/replay/commands/program.h"
#include "tools/replay/export/bundle_check.h"

namespace countersign::replay {

void add_verify_bundle(CLI::App& app, Program& program) {
  auto* verify = app.add_subcommand("verify-bundle", "Check a bundle that somebody exported; needs nothing else");
  struct Wanted {
    std::filesystem::path directory;
    std::string verifier_key;
  };
  auto wanted = std::make_shared<Wanted>();
  verify->add_option("directory", wanted->directory, "The bundle")->required()->check(CLI::ExistingDirectory);
  verify->add_option("--verifier-key", wanted->verifier_key,
                     "The log's verifier key (GET /v1/log/key), got over a way that you trust");
  verify->callback([&program, wanted] {
    const auto checked = check_bundle(wanted->directory, wanted->verifier_key, program.line.port());
    for (const auto& text : checked.unchecked) program.say("not checked: " + text);
    if (checked.wrong) return program.fail(*checked.wrong);
    const auto& done = checked.manifest.done;
    program.say(std::to_string(done.events) + " events of " + account_text(checked.manifest.question.account) +
                ", sequences " + std::to_string(done.first_sequence) + " to " + std::to_string(done.last_sequence) +
                ", are in the log whose head of size " + std::to_string(checked.head_size) + " was signed");
    program.say(std::to_string(done.keys) + " of them open under keys that they commit to");
    for (const auto& [reason, events] : done.withheld)
      program.say(std::to_string(events) + " without a key: " + std::string(text_of(reason)));
    program.say("the bundle verifies");
  });
}

}  // namespace countersign::replay
