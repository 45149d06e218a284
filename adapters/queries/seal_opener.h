#pragma once
// Opens sealed texts for rendering: the only place where views become readable. Nothing for a person whose key has been
// destroyed.
//
// Concurrency: any thread.
// Errors: boost::system::system_error when a key can't be read or doesn't open what it sealed: that is damage, and who
// asked must not take the person for an erased one.

#include <memory>
#include <optional>

#include "adapters/keys/seal_keys.h"
#include "domain/seal.h"

namespace countersign::queries {

class SealOpener {
 public:
  explicit SealOpener(keys::SealKeys& keys) : keys_(keys) {}

  std::optional<domain::Personal> of_user(domain::AccountId account, domain::UserId user,
                                          const domain::Seal& seal) const;
  /// A user's profile, for what is asked for again and again: kept in RAM once it was opened, as long as its key is.
  /// Null when the key has been destroyed.
  std::shared_ptr<const domain::Personal> profile(domain::AccountId account, domain::UserId user,
                                                  const domain::Seal& seal) const;
  std::optional<domain::Personal> of_account(domain::AccountId account, const domain::Seal& seal) const;
  /// An event's own personal part, whoever's key sealed it.
  std::optional<domain::Personal> of_event(const domain::EventView& event) const;

 private:
  keys::SealKeys& keys_;
};

}  // namespace countersign::queries
