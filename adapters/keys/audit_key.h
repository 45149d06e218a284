#pragma once
// An audit key: one account's key, as an auditor is given it instead of the master key, in one line of text:
//
//   csaudit_ + base64url(account (16) | id of its key (8) | key (32) | first 4 bytes of SHA-256 over all before)
//
// It opens everything that is sealed of that account, before and after it was given, and can't be taken back. It makes
// no record that counts, signs nothing and finds nothing by a digest.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/keys/secret_key.h"
#include "domain/ids.h"

namespace countersign::keys {

inline constexpr std::string_view audit_key_prefix = "csaudit_";

struct AuditKey {
  domain::AccountId account;
  NamedKey key;
};

std::string text_of(const AuditKey& key);
/// Nothing when the text isn't one, or was mistyped.
std::optional<AuditKey> parse_audit_key(std::string_view text);
/// The first line of a file. Throws StartError naming it: it can't be read, holds no audit key, or others than its
/// owner may read it.
AuditKey load_audit_key(const std::filesystem::path& file);

}  // namespace countersign::keys
