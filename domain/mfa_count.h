#pragma once
// The account's count of users that have MFA configured, in step with their rows.

#include "domain/account.h"
#include "domain/user.h"

namespace countersign::domain {

/// Folds an event about the user that may make or unmake "MFA configured".
inline void evolve_counting_mfa(Account& account, User& user, const RecordedEvent& recorded) {
  account.mfa_users -= user.has_mfa();
  evolve(user, recorded);
  account.mfa_users += user.has_mfa();
}

}  // namespace countersign::domain
