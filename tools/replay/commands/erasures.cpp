// erasures: everybody who was erased, for countersignd --restore --erasures.

#include "tools/replay/erasures.h"

#include <iostream>

#include "tools/replay/commands/program.h"

namespace countersign::replay {

void add_erasures(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "erasures", "Everybody who was erased, as the signed list that countersignd --restore --erasures takes");
  struct Wanted {
    std::filesystem::path also;
    bool verifier_key = false;
  };
  auto wanted = std::make_shared<Wanted>();
  command
      ->add_option("--also", wanted->also, "File with more people, 'acc_... usr_...' a line: they are signed for, too")
      ->check(CLI::ExistingFile);
  command->add_flag("--verifier-key", wanted->verifier_key,
                    "Instead of the list: the key that checks it, for --erasures-key");
  program.reads(*command, [&program, wanted] {
    if (wanted->verifier_key) {
      const AuditedLog log(program.source);
      if (!log.keys()) return program.fail("that takes the master key: " + log.why_no_keys());
      const auto key = keys::public_key_of(log.keys()->cluster().signing.key);
      return program.say(notary::VerifierKey{std::string(notary::erasures_key_name), key}.text());
    }
    const auto list = signed_erasures(program.source, wanted->also, program.line.port());
    program.line.clear();
    std::cout << list;  // ids and base 64: nothing that others wrote
  });
}

}  // namespace countersign::replay
