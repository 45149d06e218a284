#pragma once
// Identifiers: a UUIDv7 (RFC 9562) behind a type of its own per kind of object, so that none can stand for another.
// Their text is a TypeID: prefix, underscore, 26 characters of lower-case Crockford base 32; it sorts as the bytes do.

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::domain {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
  bool is_nil() const { return *this == Uuid{}; }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// "prefix_" + base 32 of the 16 bytes.
std::string id_text(std::string_view prefix, const Uuid& uuid);
/// Nothing unless `text` is exactly what id_text(prefix, ...) makes.
std::optional<Uuid> parse_id(std::string_view prefix, std::string_view text);
/// UUIDv7 from a time and ten random bytes.
Uuid make_uuid7(std::int64_t unix_ms, const std::array<std::uint8_t, 10>& random);
/// The first 16 of `bytes`, which must be at least that long.
Uuid uuid_from(std::string_view bytes);

template <class Kind>
struct Id {
  Uuid uuid;
  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return !uuid.is_nil(); }
  std::string text() const { return id_text(Kind::prefix, uuid); }
  static std::optional<Id> parse(std::string_view text) {
    if (auto uuid = parse_id(Kind::prefix, text)) return Id{*uuid};
    return std::nullopt;
  }
};

struct AccountKind {
  static constexpr std::string_view prefix = "acc";
};
struct UserKind {
  static constexpr std::string_view prefix = "usr";
};
struct CodeKind {
  static constexpr std::string_view prefix = "rc";
};
struct DeviceKind {
  static constexpr std::string_view prefix = "dev";
};
struct TokenKind {
  static constexpr std::string_view prefix = "tok";
};
struct SessionKind {
  static constexpr std::string_view prefix = "ses";
};
struct ApiKeyKind {
  static constexpr std::string_view prefix = "key";
};
struct EventKind {
  static constexpr std::string_view prefix = "evt";
};
struct OperationKind {
  static constexpr std::string_view prefix = "op";
};
struct AuthenticatorKind {
  static constexpr std::string_view prefix = "aut";
};
/// The registration of a device and the authenticator that it brings share their UUID.
struct RegistrationKind {
  static constexpr std::string_view prefix = "reg";
};
struct ChallengeKind {
  static constexpr std::string_view prefix = "chl";
};
/// A hardware token and the authenticator that it becomes share their UUID.
struct HardwareTokenKind {
  static constexpr std::string_view prefix = "hwt";
};
struct LicenceKind {
  static constexpr std::string_view prefix = "lic";
};
struct SiemDestinationKind {
  static constexpr std::string_view prefix = "dst";
};

using AccountId = Id<AccountKind>;
using UserId = Id<UserKind>;
using CodeId = Id<CodeKind>;
using DeviceId = Id<DeviceKind>;
using TokenId = Id<TokenKind>;
using SessionId = Id<SessionKind>;
using ApiKeyId = Id<ApiKeyKind>;
using EventId = Id<EventKind>;
using OperationId = Id<OperationKind>;
using AuthenticatorId = Id<AuthenticatorKind>;
using RegistrationId = Id<RegistrationKind>;
using ChallengeId = Id<ChallengeKind>;
using HardwareTokenId = Id<HardwareTokenKind>;
using LicenceId = Id<LicenceKind>;
using SiemDestinationId = Id<SiemDestinationKind>;

/// Each partition has a system account, whose id is the same in every installation; its text is "acc_system" in
/// partition 0, "acc_system-7" in partition 7. `partition`: below slot_count (domain/slot.h).
AccountId system_account(std::uint32_t partition = 0);
/// The partition whose system account this is; nothing for all others.
std::optional<std::uint32_t> partition_of_system_account(AccountId id);
inline bool is_system_account(AccountId id) {
  return partition_of_system_account(id).has_value();
}
/// As AccountId::text(), but "acc_system" and the like for system accounts.
std::string account_text(AccountId id);
std::optional<AccountId> parse_account(std::string_view text);

/// Keyed digest (HMAC-SHA-256 under the look-up key) of a code, secret or address.
using Digest = std::array<std::uint8_t, 32>;
inline std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Milliseconds since 1970-01-01T00:00:00Z. Zero stands for "never" or "none" where a field says so.
using UnixMs = std::int64_t;

struct UuidHash {
  std::size_t operator()(const Uuid& uuid) const {
    std::size_t hash;
    std::memcpy(&hash, uuid.bytes.data() + 8, sizeof hash);  // the random half
    return hash;
  }
  template <class Kind>
  std::size_t operator()(const Id<Kind>& id) const {
    return (*this)(id.uuid);
  }
};

}  // namespace countersign::domain
