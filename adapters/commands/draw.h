#pragma once
// What a command needs from chance and from the look-up key, drawn before it is submitted: ids, codes and secrets with
// the digests that stand for them, and the digests of profiles.
//
// Concurrency: any thread.

#include <string>
#include <vector>

#include "adapters/commands/command_work.h"
#include "adapters/keys/lookup.h"
#include "domain/account.h"
#include "domain/secret_text.h"
#include "domain/user.h"

namespace countersign::commands {

/// An account id that a new log takes: its slot isn't the system account's.
domain::AccountId draw_account(domain::UnixMs now);

/// A bearer secret and the digest it is found by. The text is handed out once and kept nowhere.
struct DrawnSecret {
  std::string text;
  domain::Digest digest{};
};
DrawnSecret draw_secret(const keys::Lookup& lookup, domain::BearerKind kind, std::uint16_t slot);

/// The digest that a presented secret or typed code is looked up by.
domain::Digest digest_of(const keys::Lookup& lookup, domain::BearerKind kind, std::string_view text);
domain::Digest digest_of_code(const keys::Lookup& lookup, std::string_view canonical);
/// Of a hardware token.
domain::Digest digest_of_token_serial(const keys::Lookup& lookup, domain::AccountId account,
                                      std::string_view serial_number);

std::vector<domain::DrawnCode> draw_codes(const keys::Lookup& lookup, std::uint16_t slot, std::size_t count,
                                          domain::UnixMs now);

/// A profile with the keyed digests of its addresses and of all it says.
domain::Profile make_profile(const keys::Lookup& lookup, domain::AccountId account, domain::Personal personal,
                             bool mfa_configured);

/// What finds and seals the answer to a command with this Idempotency-Key. `scope`: whose key, on what; `body`: all
/// that a retry must repeat. The answer is sealed under a keyed digest of the Idempotency-Key: who has the log needs
/// the look-up key and the client's key to open it, so that a short one can't be guessed from a copy of the data.
/// `query` says what is wanted as the body does; empty: there is none.
Idempotency idempotency_of(const keys::Lookup& lookup, std::string scope, std::string_view key, std::string_view body,
                           std::string_view query = {});

/// Of an address that has been normalised already.
domain::Digest digest_of_login_name(const keys::Lookup& lookup, domain::AccountId account, std::string_view name);
domain::Digest digest_of_email(const keys::Lookup& lookup, domain::AccountId account, std::string_view email);

}  // namespace countersign::commands
