#pragma once
// Slots: which of 961 small numbers an account has. Two characters of every code and bearer secret spell it, so that
// any node finds the secret's owner. partition = slot mod partition count.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"

namespace countersign::domain {

/// 31 digits without 0 O 1 I L.
inline constexpr std::string_view code_alphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
inline constexpr std::uint16_t slot_count = 961;

/// MurmurHash2, 32 bits (Austin Appleby), as Kafka's default partitioner seeds it.
std::uint32_t murmur2(std::string_view bytes, std::uint32_t seed = 0x9747b28c);

std::uint16_t slot_of(AccountId account);
/// Which of `partitions` logs an account's events are in. `partitions`: 1 to slot_count.
std::uint32_t partition_of(AccountId account, std::uint32_t partitions);
inline std::uint32_t partition_of_slot(std::uint16_t slot, std::uint32_t partitions) {
  return slot % partitions;
}
/// Two characters of code_alphabet.
std::string slot_text(std::uint16_t slot);
/// Upper case only.
std::optional<std::uint16_t> parse_slot(std::string_view two_characters);

}  // namespace countersign::domain
