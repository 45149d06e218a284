// Keys of rows.

#include "projections/big_endian.h"
#include "projections/rows.h"

namespace countersign::projections {

using namespace domain;

namespace {

std::string key(Table table) {
  return std::string(1, static_cast<char>(table));
}

std::string key_of_partition(Table table, std::uint32_t partition) {
  auto out = key(table);
  append_big_endian(out, partition, 4);
  return out;
}

std::string key(Table table, AccountId account, const Uuid& id) {
  std::string out;
  out.reserve(33);
  out += static_cast<char>(table);
  out += account.uuid.view();
  out += id.view();
  return out;
}

}  // namespace

std::string account_key(AccountId account) {
  return table_prefix(Table::accounts, account);
}
std::string user_key(AccountId account, UserId user) {
  return key(Table::users, account, user.uuid);
}
std::string erased_key(AccountId account, UserId user) {
  return key(Table::erased, account, user.uuid);
}
ErasedKey parse_erased_key(std::string_view key) {
  return {AccountId{uuid_from(key.substr(1))}, UserId{uuid_from(key.substr(17))}};
}
std::string api_key_key(AccountId account, ApiKeyId id) {
  return key(Table::api_keys, account, id.uuid);
}
std::string authenticator_key(AccountId account, AuthenticatorId id) {
  return key(Table::authenticators, account, id.uuid);
}
std::string delivery_key(AccountId account, AuthenticatorId id) {
  return key(Table::deliveries, account, id.uuid);
}
DeliveryKey parse_delivery_key(std::string_view key) {
  return {AccountId{uuid_from(key.substr(1))}, AuthenticatorId{uuid_from(key.substr(17))}};
}
std::string licence_key(AccountId account, LicenceId id) {
  return key(Table::licences, account, id.uuid);
}
std::string hardware_token_key(AccountId account, HardwareTokenId id) {
  return key(Table::hardware_tokens, account, id.uuid);
}
std::string siem_destination_key(AccountId account, SiemDestinationId id) {
  return key(Table::siem_destinations, account, id.uuid);
}
std::string destination_changes_key(std::uint32_t partition) {
  return key_of_partition(Table::destination_changes, partition);
}
std::string code_key(AccountId account, CodeId code) {
  return key(Table::codes, account, code.uuid);
}
std::string activation_key(AccountId account, const Uuid& id) {
  return key(Table::activations, account, id);
}
std::string digest_key(const Digest& digest) {
  return key(Table::digests).append(view(digest));
}
std::string position_key(std::uint32_t partition) {
  return key_of_partition(Table::position, partition);
}

std::string slot_key(std::uint16_t slot) {
  auto out = key(Table::slots);
  append_big_endian(out, slot, 2);
  return out;
}

std::string expiry_key(UnixMs time, AccountId account, const Party& object) {
  auto out = key(Table::expiry);
  append_big_endian(out, static_cast<std::uint64_t>(time), 8);
  out += account.uuid.view();
  out += static_cast<char>(object.kind);
  out += object.id.view();
  return out;
}

std::string expiry_bound(UnixMs time) {
  auto out = key(Table::expiry);
  append_big_endian(out, static_cast<std::uint64_t>(time) + 1, 8);
  return out;
}

ExpiryKey parse_expiry_key(std::string_view bytes) {
  if (bytes.size() != 1 + 8 + 16 + 1 + 16) throw std::runtime_error("view: malformed expiry key");
  return {static_cast<UnixMs>(read_big_endian(bytes.substr(1))), AccountId{uuid_from(bytes.substr(9))},
          Party{static_cast<PartyKind>(bytes[25]), uuid_from(bytes.substr(26))}};
}

std::uint32_t day_of(UnixMs time) {
  return static_cast<std::uint32_t>(time / day_ms);
}

std::string answer_key(std::uint32_t partition, std::uint32_t day, std::string_view scope) {
  auto out = key_of_partition(Table::answers, partition);
  append_big_endian(out, day, 4);
  return out.append(scope);
}

std::string events_key(AccountId account, std::uint64_t first_sequence) {
  std::string out(account.uuid.view());
  append_big_endian(out, first_sequence, 8);
  return out;
}

std::string table_prefix(Table table, AccountId account) {
  return key(table).append(account.uuid.view());
}

}  // namespace countersign::projections
