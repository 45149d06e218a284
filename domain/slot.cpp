#include "domain/slot.h"

namespace countersign::domain {

std::uint32_t murmur2(std::string_view bytes, std::uint32_t seed) {
  constexpr std::uint32_t m = 0x5bd1e995;
  std::uint32_t h = seed ^ static_cast<std::uint32_t>(bytes.size());
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])); };
  std::size_t at = 0;
  for (; bytes.size() - at >= 4; at += 4) {
    std::uint32_t k = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    k *= m;
    k ^= k >> 24;
    k *= m;
    h *= m;
    h ^= k;
  }
  switch (bytes.size() - at) {
    case 3: h ^= byte(at + 2) << 16; [[fallthrough]];
    case 2: h ^= byte(at + 1) << 8; [[fallthrough]];
    case 1: h ^= byte(at); h *= m;
  }
  h ^= h >> 13;
  h *= m;
  h ^= h >> 15;
  return h;
}

std::uint16_t slot_of(AccountId account) {
  return static_cast<std::uint16_t>((murmur2(account.uuid.view()) & 0x7fffffff) % slot_count);
}

std::uint32_t partition_of(AccountId account, std::uint32_t partitions) {
  // A log that was copied to fewer partitions keeps the system accounts of the others as accounts like any.
  if (const auto own = partition_of_system_account(account)) return *own < partitions ? *own : 0;
  return partition_of_slot(slot_of(account), partitions);
}

std::string slot_text(std::uint16_t slot) {
  return {code_alphabet[slot / code_alphabet.size()], code_alphabet[slot % code_alphabet.size()]};
}

std::optional<std::uint16_t> parse_slot(std::string_view text) {
  if (text.size() != 2) return std::nullopt;
  const auto high = code_alphabet.find(text[0]), low = code_alphabet.find(text[1]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint16_t>(high * code_alphabet.size() + low);
}

}  // namespace countersign::domain
