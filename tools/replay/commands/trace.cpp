// trace: what happened to a person, a device, a code, an authenticator, or from an address.

#include "tools/replay/commands/program.h"
#include "tools/replay/event_line.h"
#include "tools/replay/story.h"

namespace countersign::replay {

void add_trace(CLI::App& app, Program& program) {
  auto* trace =
      app.add_subcommand("trace", "The story of a person, a device, a code, an authenticator or an address, in order");
  struct Wanted {
    std::string account, user, device, code, authenticator, address;
    bool json = false;
  };
  auto wanted = std::make_shared<Wanted>();
  trace->add_option("--account", wanted->account, "acc_...")->required();
  auto* about = trace->add_option_group("about", "Of whom or what");
  about->add_option("--user", wanted->user, "usr_...");
  about->add_option("--device", wanted->device, "dev_...: with its token, session and code");
  about->add_option("--code", wanted->code, "rc_..., or the code itself, which is not shown: with what it brought");
  about->add_option("--authenticator", wanted->authenticator, "aut_...");
  about->add_option("--ip", wanted->address, "Source address (an IPv6 /64 is one)");
  about->require_option(1);
  trace->add_flag("--json", wanted->json, "The whole events, a line each");
  program.reads_any(*trace, [&program, wanted] {
    const auto sitter = sitter_options(wanted->user, wanted->device);
    const auto authenticator = domain::AuthenticatorId::parse(wanted->authenticator);
    if (!wanted->authenticator.empty() && !authenticator)
      throw CLI::ValidationError("--authenticator", "an id of that kind is expected");
    const Protagonist protagonist{sitter.user, sitter.device, wanted->code, wanted->address, authenticator};
    const auto account = account_option(wanted->account);
    const auto told = tell_story(
        program.source_of(account), account, protagonist,
        [&](const queries::RenderedEvent& event) {
          if (wanted->json)
            program.show(queries::to_json(event));
          else
            program.say(event_line(event));
        },
        program.line.port());
    if (told == 0) program.fail("no event of the account is about that");
  });
}

}  // namespace countersign::replay
