#include "tools/replay/story.h"

#include <stdexcept>

#include "adapters/keys/lookup.h"
#include "adapters/queries/source_address.h"
#include "domain/secret_text.h"
#include "tools/replay/concern.h"
#include "tools/replay/names.h"

namespace countersign::replay {
namespace {

keys::Lookup lookup_of(const AuditedLog& log, const std::string& what) {
  if (!log.keys())
    throw std::runtime_error(what + " is found by its keyed digest, which takes the master key: " + log.why_no_keys());
  return keys::Lookup(log.keys()->cluster().lookup.key);
}

Concern concern_with_code(const std::string& named, const AuditedLog& log, const AccountFold& state) {
  if (const auto id = domain::CodeId::parse(named)) return Concern::with_code(*id, state);
  std::string hint;
  const auto canonical = domain::parse_code(named, &hint);
  if (!canonical) throw std::runtime_error("--code is neither a code's id (rc_...) nor can it be a code: " + hint);
  const auto digest = lookup_of(log, "a code").digest(keys::LookupKind::registration_code, *canonical);
  const auto* code = state.code_with(digest);
  if (!code)
    throw std::runtime_error("the account has no such registration code: it never had, or its person was erased");
  return Concern::with_code(code->id, state);
}

Concern concern_of(const Protagonist& protagonist, const AuditedLog& log, const AccountFold& state) {
  if (protagonist.user) return Concern::with_user(*protagonist.user);
  if (protagonist.device) return Concern::with_activation(protagonist.device->uuid, state);
  if (protagonist.authenticator) return Concern::with_authenticator(*protagonist.authenticator);
  if (!protagonist.code.empty()) return concern_with_code(protagonist.code, log, state);
  const auto digest = queries::source_digest(lookup_of(log, "an address"), protagonist.address);
  if (!digest) throw std::runtime_error("--ip is no address");
  return Concern::with_source(*digest);
}

}  // namespace

std::uint64_t tell_story(const Source& source, domain::AccountId account, const Protagonist& protagonist,
                         const std::function<void(const queries::RenderedEvent&)>& visit, const Progress& progress) {
  AuditedLog first(source);
  const auto folded = fold_account(first, account, {}, progress);
  if (!folded.state.exists()) throw std::runtime_error("the log has no account " + account_text(account));
  const auto concern = concern_of(protagonist, first, folded.state);
  AuditedLog log(source);
  Names names(folded.state, log);
  std::uint64_t told = 0;
  walk(
      log, account, Moment::at_sequence(folded.state.events()),
      [&](const domain::EventView& event, std::string_view, bus::FrameNumber frame) {
        if (!concern.takes(event)) return true;
        visit(names.describe(event, frame));
        ++told;
        return true;
      },
      progress);
  return told;
}

}  // namespace countersign::replay
