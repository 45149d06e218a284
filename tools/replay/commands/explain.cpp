// explain: why something is as it is.

#include "tools/replay/commands/program.h"
#include "tools/replay/explanation.h"

namespace countersign::replay {
namespace {

struct Wanted {
  std::string account, at, user, code, device, token, session, authenticator;
  bool json = false;
};

domain::Party object_of(const Wanted& wanted) {
  const auto id = [](const char* option, const std::string& text, auto parsed) {
    if (!text.empty() && !parsed) throw CLI::ValidationError(option, "an id of that kind is expected");
    return parsed;
  };
  if (const auto user = id("--user", wanted.user, domain::UserId::parse(wanted.user))) return domain::party(*user);
  if (const auto code = id("--code", wanted.code, domain::CodeId::parse(wanted.code))) return domain::party(*code);
  if (const auto device = id("--device", wanted.device, domain::DeviceId::parse(wanted.device)))
    return domain::party(*device);
  if (const auto token = id("--token", wanted.token, domain::TokenId::parse(wanted.token)))
    return domain::party(*token);
  if (const auto authenticator =
          id("--authenticator", wanted.authenticator, domain::AuthenticatorId::parse(wanted.authenticator)))
    return domain::party(*authenticator);
  return domain::party(*id("--session", wanted.session, domain::SessionId::parse(wanted.session)));
}

}  // namespace

void add_explain(CLI::App& app, Program& program) {
  auto* explained = app.add_subcommand("explain", "Why something is as it is: 'why is this token inactive?'");
  auto wanted = std::make_shared<Wanted>();
  explained->add_option("--account", wanted->account, "acc_...")->required();
  auto* about = explained->add_option_group("about", "What is asked about");
  about->add_option("--token", wanted->token, "tok_...");
  about->add_option("--device", wanted->device, "dev_...");
  about->add_option("--code", wanted->code, "rc_...");
  about->add_option("--session", wanted->session, "ses_...");
  about->add_option("--authenticator", wanted->authenticator, "aut_...");
  about->add_option("--user", wanted->user, "usr_...");
  about->require_option(1);
  explained->add_option("--at", wanted->at, "Time, position or #SEQUENCE (the log's end)");
  explained->add_flag("--json", wanted->json, "JSON on a terminal, too");
  program.reads_any(*explained, [&program, wanted] {
    const ExplainQuestion question{account_option(wanted->account), object_of(*wanted),
                                   wanted->at.empty() ? Moment() : moment_option("--at", wanted->at)};
    const auto found = explain(program.source_of(question.account), question, program.line.port());
    if (found.is_null()) return program.fail("there was no such thing in the account then");
    if (Program::for_people(wanted->json))
      program.say(explanation_text(found.get_object()));
    else
      program.show(found);
  });
}

}  // namespace countersign::replay
