#pragma once
// Rows of the views: their keys, and the bytes they are stored as. A table is a prefix byte; ids follow in bytes,
// numbers big-endian, so that the order of keys is the order of ids and times. Rows belong to a view's version: when an
// encoding changes, view_version does, and the view is built again beside the old one.
//
//   A account                       -> Account            S slot                       -> account
//   U account user                  -> User               K account key                -> ApiKey
//   C account code                  -> Located            V account activation         -> Located
//   D digest                        -> DigestEntry        X time account kind id       -> user (what expires when)
//   I partition day scope           -> answer record      P partition                  -> position
//   G account user                  -> empty: erased
//   H account authenticator         -> Located
//   L account licence               -> Licence            W account token              -> HardwareToken
//   T account destination           -> SiemDestination    N partition                  -> number
//   (how often a destination, or whether its account is suspended, has changed)
//   O account authenticator         -> user (whose message is under way)
// The views hold all partitions of a log. No row belongs to two of them, so that it doesn't matter which one is folded
// first.
// In a column family of its own:
//   E account first-sequence        -> this account's events of one frame

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/position.h"
#include "domain/account.h"
#include "domain/hardware_token.h"
#include "domain/licence.h"
#include "domain/siem_destination.h"
#include "domain/user.h"

namespace countersign::projections {

inline constexpr std::uint32_t view_version = 9;

enum class Table : char {
  accounts = 'A',
  slots = 'S',
  users = 'U',
  api_keys = 'K',
  codes = 'C',
  activations = 'V',
  digests = 'D',
  expiry = 'X',
  answers = 'I',
  erased = 'G',
  authenticators = 'H',
  licences = 'L',
  hardware_tokens = 'W',
  siem_destinations = 'T',
  destination_changes = 'N',
  deliveries = 'O',
  position = 'P',
};

std::string account_key(domain::AccountId account);
std::string slot_key(std::uint16_t slot);
std::string user_key(domain::AccountId account, domain::UserId user);
/// Stays for ever: keys that come back, with an older copy of their store, are destroyed by it.
std::string erased_key(domain::AccountId account, domain::UserId user);
struct ErasedKey {
  domain::AccountId account;
  domain::UserId user;
};
ErasedKey parse_erased_key(std::string_view key);
std::string api_key_key(domain::AccountId account, domain::ApiKeyId key);
std::string authenticator_key(domain::AccountId account, domain::AuthenticatorId id);
/// While a message with its one-time password is queued or being sent.
std::string delivery_key(domain::AccountId account, domain::AuthenticatorId id);
struct DeliveryKey {
  domain::AccountId account;
  domain::AuthenticatorId authenticator;
};
DeliveryKey parse_delivery_key(std::string_view key);
std::string licence_key(domain::AccountId account, domain::LicenceId id);
std::string hardware_token_key(domain::AccountId account, domain::HardwareTokenId id);
std::string siem_destination_key(domain::AccountId account, domain::SiemDestinationId id);
std::string destination_changes_key(std::uint32_t partition);
std::string code_key(domain::AccountId account, domain::CodeId code);
std::string activation_key(domain::AccountId account, const domain::Uuid& activation);
std::string digest_key(const domain::Digest& digest);
/// Everything due at or before `time` sorts before expiry_bound(time).
std::string expiry_key(domain::UnixMs time, domain::AccountId account, const domain::Party& object);
std::string expiry_bound(domain::UnixMs time);
struct ExpiryKey {
  domain::UnixMs time;
  domain::AccountId account;
  domain::Party object;
};
ExpiryKey parse_expiry_key(std::string_view key);
/// Days since 1970: answers are kept in two of them.
std::uint32_t day_of(domain::UnixMs time);
std::string answer_key(std::uint32_t partition, std::uint32_t day, std::string_view scope);
std::string position_key(std::uint32_t partition);
std::string events_key(domain::AccountId account, std::uint64_t first_sequence);
/// All rows of one table that belong to one account begin with this.
std::string table_prefix(Table table, domain::AccountId account);

std::string encode(const domain::Account& account);
std::string encode(const domain::User& user);
std::string encode(const domain::ApiKey& key);
std::string encode(const domain::Licence& licence);
std::string encode(const domain::HardwareToken& token);
std::string encode(const domain::SiemDestination& destination);
std::string encode(const domain::Located& located);
std::string encode_number(std::uint64_t number);
std::string encode(const domain::DigestEntry& entry);

// A row that can't be read is a broken invariant of this database: these throw std::runtime_error.
domain::Account decode_account(std::string_view bytes);
domain::User decode_user(std::string_view bytes);
domain::ApiKey decode_api_key(std::string_view bytes);
domain::Licence decode_licence(std::string_view bytes);
domain::HardwareToken decode_hardware_token(std::string_view bytes);
domain::SiemDestination decode_siem_destination(std::string_view bytes);
domain::Located decode_located(std::string_view bytes);
std::uint64_t decode_number(std::string_view bytes);
domain::DigestEntry decode_digest_entry(std::string_view bytes);

/// One account's events of one frame.
struct EventRun {
  bus::FrameNumber frame{};
  std::vector<std::string> events;
};
std::string encode_event_run(bus::FrameNumber frame, const std::vector<std::string>& events);
inline std::string encode(const EventRun& run) {
  return encode_event_run(run.frame, run.events);
}
/// The views point into `bytes`.
struct EventRunView {
  bus::FrameNumber frame{};
  std::vector<std::string_view> events;
};
EventRunView decode_event_run(std::string_view bytes);

}  // namespace countersign::projections
