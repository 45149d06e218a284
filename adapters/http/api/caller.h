#pragma once
// Who asks: the bearer of an API key, the root key, or nobody. Keys are found by their keyed digest; the role is
// checked here against the route and again inside decide.
//
// Refusals (401, 403) are noted as aggregated events in the key's account, or its slot's, or the system account.

#include <memory>
#include <optional>
#include <string>

#include "adapters/commands/key_use.h"
#include "adapters/commands/published.h"
#include "adapters/commands/refusal_log.h"
#include "adapters/commands/submitter.h"
#include "adapters/http/server/exchange.h"
#include "adapters/keys/lookup.h"

namespace countersign::http {

/// A bit of a route's role mask beyond the domain's roles: no key is asked for.
inline constexpr std::uint32_t public_route = 1u << 31;

struct Caller {
  domain::AccountId account;
  domain::Party actor;
  domain::Role role = domain::Role::none;
  /// This node would refuse, but doesn't own the key's partition and may be behind: who owns it judges.
  bool at_owner_only = false;
};

/// The User-Agent as it stands in events: UTF-8 whatever the client sent, 256 bytes at most.
std::string user_agent_of(const Exchange& exchange);

/// The correlation id as it stands in events.
domain::Uuid correlation_of(const Exchange& exchange);

class Authentication {
 public:
  Authentication(const commands::Published& state, const commands::Partitions& partitions,
                 commands::Submitter& submitter, const keys::Lookup& lookup, commands::RefusalLog& refusals,
                 commands::KeyUse& use, const domain::Digest& root_key, std::function<domain::UnixMs()> clock);

  /// The server's admission hook: fills in the caller, or says why not.
  std::optional<Problem> admit(Exchange& exchange);
  /// 0: not since the start.
  domain::UnixMs last_used(domain::ApiKeyId key) const { return use_.last(key); }

 private:
  struct KeyPlace {
    domain::AccountId account;
    domain::ApiKeyId id;
  };
  struct KnownKey;
  std::optional<KeyPlace> find_key(std::shared_ptr<const void>& memory, const projections::ViewState& state,
                                   std::string_view secret) const;
  /// Who was refused, as far as that is known: an event that didn't name the key would help nobody to find it.
  struct Refused {
    domain::AccountId account;
    domain::Party actor{domain::PartyKind::source, {}};
    domain::Party key{};
    domain::Role role = domain::Role::none;
    bool by_key = false;  ///< with a key of this cluster's shape, of which its owner may know more
  };
  std::optional<Problem> refuse(Exchange& exchange, unsigned status, domain::Reason reason, const Refused& refused,
                                std::string_view detail);
  domain::AccountId account_of_slot(std::string_view secret) const;
  domain::AccountId system_account_wanted(const Exchange& exchange) const;

  const commands::Published& state_;
  const commands::Partitions& partitions_;
  commands::Submitter& submitter_;
  const keys::Lookup& lookup_;
  commands::RefusalLog& refusals_;
  commands::KeyUse& use_;
  const domain::Digest root_key_;
  std::function<domain::UnixMs()> clock_;
};

}  // namespace countersign::http
