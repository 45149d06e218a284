#pragma once
// The keys under which personal texts are sealed, as readers need them: all accounts' (KeyStore), or one account's that
// an auditor was given (AccountKeys). Nothing that decides, signs or finds is reachable through it.
//
// Concurrency: any thread.

#include <boost/system/result.hpp>
#include <memory>
#include <optional>

#include "adapters/keys/key_cache.h"
#include "adapters/keys/secret_key.h"
#include "domain/event.h"

namespace countersign::keys {

class SealKeys {
 public:
  virtual ~SealKeys() = default;

  /// Nothing when there is none, or none that this reader may have.
  virtual std::optional<Key> account_key(domain::AccountId account) const = 0;
  /// Nothing when it was erased, never made, or this reader may not have it.
  virtual boost::system::result<std::optional<Key>> subject_key(domain::AccountId account, domain::UserId user) = 0;

  /// A profile that was opened lately; only while its subject's key is there. `sealed_by`: the event that it stands in.
  virtual std::shared_ptr<const domain::Personal> opened_profile(const Subject& subject, domain::EventId sealed_by) = 0;
  virtual void keep_profile(const Subject& subject, domain::EventId sealed_by,
                            std::shared_ptr<const domain::Personal> profile) = 0;
};

}  // namespace countersign::keys
