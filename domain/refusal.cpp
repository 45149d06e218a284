#include "domain/decision.h"

namespace countersign::domain {

std::string_view text_of(RefusalCode code) {
  switch (code) {
    case RefusalCode::not_found: return "not-found";
    case RefusalCode::key_invalid: return "key-invalid";
    case RefusalCode::role_insufficient: return "role-insufficient";
    case RefusalCode::account_suspended: return "account-suspended";
    case RefusalCode::no_free_slot: return "no-free-slot";
    case RefusalCode::email_taken: return "email-taken";
    case RefusalCode::login_name_taken: return "login-name-taken";
    case RefusalCode::mfa_configured: return "mfa-configured";
    case RefusalCode::user_disabled: return "user-disabled";
    case RefusalCode::user_not_disabled: return "user-not-disabled";
    case RefusalCode::version_mismatch: return "version-mismatch";
    case RefusalCode::last_admin_key: return "last-admin-key";
    case RefusalCode::validity_out_of_range: return "validity-out-of-range";
    case RefusalCode::delivery_not_configured: return "delivery-not-configured";
    case RefusalCode::too_many_open_codes: return "too-many-open-codes";
    case RefusalCode::state_conflict: return "state-conflict";
    case RefusalCode::code_not_redeemable: return "code-not-redeemable";
    case RefusalCode::ticket_not_redeemable: return "ticket-not-redeemable";
    case RefusalCode::provisioning_method: return "provisioning-method";
    case RefusalCode::too_large: return "too-large";
    case RefusalCode::too_many_attempts: return "too-many-attempts";
    case RefusalCode::answer_withdrawn: return "answer-withdrawn";
    case RefusalCode::idempotency_key_reused: return "idempotency-key-reused";
    case RefusalCode::too_many_destinations: return "too-many-destinations";
    case RefusalCode::last_authenticator: return "last-authenticator";
    case RefusalCode::too_many_authenticators: return "too-many-authenticators";
    case RefusalCode::authenticator_type_not_allowed: return "authenticator-type-not-allowed";
    case RefusalCode::codes_at_large: return "codes-at-large";
    case RefusalCode::licence_taken: return "licence-taken";
    case RefusalCode::licence_exhausted: return "licence-exhausted";
    case RefusalCode::serial_number_taken: return "serial-number-taken";
  }
  return "refused";
}

}  // namespace countersign::domain
