#pragma once
// Objects as the API shows them. Sealed texts are opened here and nowhere before; what can't be opened any more is
// absent.

#include <boost/json.hpp>

#include "adapters/commands/session_activity.h"
#include "adapters/http/api/found_code.h"
#include "adapters/queries/seal_opener.h"
#include "domain/account.h"
#include "domain/user.h"

namespace countersign::http {

/// Memory for JSON that doesn't outlive the block it is declared in: on the stack, and on the heap what doesn't fit.
class ShortLived {
 public:
  boost::json::storage_ptr storage() { return &resource_; }

 private:
  unsigned char first_[2048];
  boost::json::monotonic_resource resource_{first_, sizeof first_};
};

boost::json::value time_or_null(domain::UnixMs time);

boost::json::object render(const domain::Account& account, const queries::SealOpener& opener);
boost::json::object render(const domain::ApiKey& key, domain::AccountId account, const queries::SealOpener& opener,
                           domain::UnixMs last_used);
boost::json::object render(const domain::User& user, domain::AccountId account, const queries::SealOpener& opener,
                           domain::UnixMs now, boost::json::storage_ptr memory = {});
boost::json::object render(const domain::User& user, const domain::Personal& profile, domain::UnixMs now,
                           boost::json::storage_ptr memory = {});

std::string_view text_of(domain::CodeStatus status);
/// Whether a code that would be good can't be redeemed because its user is disabled.
bool is_blocked(const domain::Code& code, const domain::User& user, domain::UnixMs now);
/// The code itself stands there only while it is open and when `in_clear` allows it.
boost::json::object render_code(const FoundCode& found, domain::AccountId account, const queries::SealOpener& opener,
                                domain::UnixMs now, bool in_clear);
boost::json::object render_device(const domain::Activation& activation, const domain::User& user,
                                  domain::AccountId account, const queries::SealOpener& opener);
/// "active", "revoked" or "expired".
std::string_view token_status(const domain::Activation& activation, domain::UnixMs now);
boost::json::object render_token(const domain::Activation& activation, const domain::User& user, domain::UnixMs now);
boost::json::object render_session(const domain::Activation& activation, const domain::User& user,
                                   domain::AccountId account, const queries::SealOpener& opener,
                                   const commands::SessionActivity& activity, domain::UnixMs now);

}  // namespace countersign::http
