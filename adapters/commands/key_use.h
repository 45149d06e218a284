#pragma once
// When API keys were last used, in RAM: since the start.
//
// Concurrency: any thread; take_untold() and tell_again() one. Bounded: `most` keys; others aren't followed.

#include <atomic>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "adapters/commands/of_account.h"

namespace countersign::commands {

class KeyUse {
 public:
  struct Used {
    domain::AccountId account;
    domain::ApiKeyId key;
    domain::UnixMs at = 0;
  };
  static constexpr domain::UnixMs tell_every_ms = 60'000;

  explicit KeyUse(std::size_t most = 100'000) : most_(most) {}

  /// Times only grow, in whatever order they come.
  void note(const Used& used);
  /// 0: not since the start.
  domain::UnixMs last(domain::ApiKeyId key) const;

  /// Uses that these accounts' owner has not been told, of each key once in `tell_every_ms`. They count as told from
  /// here on.
  std::vector<Used> take_untold(domain::UnixMs now, const OfAccount& wanted);
  /// As if the owner had been told nothing: he has it in RAM, and there may be another one.
  void tell_again(const OfAccount& wanted);

 private:
  struct Use {
    domain::AccountId account;
    std::atomic<domain::UnixMs> at;
    domain::UnixMs told = 0;  ///< the one thread's that tells
  };
  const std::size_t most_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<domain::ApiKeyId, Use, domain::UuidHash> used_;
};

}  // namespace countersign::commands
