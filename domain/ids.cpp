#include "domain/ids.h"

#include <charconv>

namespace countersign::domain {
namespace {

constexpr std::string_view base32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view system_text = "acc_system";
constexpr std::uint32_t most_partitions = 961;
// Where a system account's id says its partition; zero in partition 0.
constexpr std::size_t partition_high = 7, partition_low = 9;

}  // namespace

std::string id_text(std::string_view prefix, const Uuid& uuid) {
  constexpr std::size_t digits = 26;  // of 5 bits, the first one holding the upper 3 of 128
  std::string text(prefix.size() + 1 + digits, '_');
  prefix.copy(text.data(), prefix.size());
  auto* digit = text.data() + prefix.size() + 1;
  unsigned __int128 number = 0;
  for (const auto byte : uuid.bytes) number = number << 8 | byte;
  for (int shift = 125; shift >= 0; shift -= 5) *digit++ = base32[static_cast<unsigned>(number >> shift) & 31];
  return text;
}

std::optional<Uuid> parse_id(std::string_view prefix, std::string_view text) {
  if (text.size() != prefix.size() + 27 || !text.starts_with(prefix) || text[prefix.size()] != '_') return std::nullopt;
  unsigned __int128 number = 0;
  const auto digits = text.substr(prefix.size() + 1);
  if (digits[0] > '7') return std::nullopt;
  for (const char c : digits) {
    const auto digit = base32.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    number = number << 5 | digit;
  }
  Uuid uuid;
  for (int i = 15; i >= 0; --i, number >>= 8)
    uuid.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number);
  return uuid;
}

Uuid make_uuid7(std::int64_t unix_ms, const std::array<std::uint8_t, 10>& random) {
  Uuid uuid;
  for (std::size_t i = 0; i < 6; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
  std::copy(random.begin(), random.end(), uuid.bytes.begin() + 6);
  uuid.bytes[6] = (uuid.bytes[6] & 0x0f) | 0x70;
  uuid.bytes[8] = (uuid.bytes[8] & 0x3f) | 0x80;
  return uuid;
}

Uuid uuid_from(std::string_view bytes) {
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), bytes.data(), uuid.bytes.size());
  return uuid;
}

AccountId system_account(std::uint32_t partition) {
  AccountId id;
  id.uuid.bytes = {0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 's', 'y', 's', 't', 'e', 'm'};
  id.uuid.bytes[partition_high] = static_cast<std::uint8_t>(partition >> 8);
  id.uuid.bytes[partition_low] = static_cast<std::uint8_t>(partition);
  return id;
}

std::optional<std::uint32_t> partition_of_system_account(AccountId id) {
  const auto& bytes = id.uuid.bytes;
  const std::uint32_t partition = static_cast<std::uint32_t>(bytes[partition_high] << 8) | bytes[partition_low];
  if (partition >= most_partitions || id != system_account(partition)) return std::nullopt;
  return partition;
}

std::string account_text(AccountId id) {
  const auto partition = partition_of_system_account(id);
  if (!partition) return id.text();
  return *partition == 0 ? std::string(system_text) : std::string(system_text) + "-" + std::to_string(*partition);
}

std::optional<AccountId> parse_account(std::string_view text) {
  if (!text.starts_with(system_text)) return AccountId::parse(text);
  text.remove_prefix(system_text.size());
  if (text.empty()) return system_account();
  std::uint32_t partition = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), partition);
  if (text[0] != '-' || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (partition == 0 || partition >= most_partitions || text[1] == '0') return std::nullopt;
  return system_account(partition);
}

}  // namespace countersign::domain
