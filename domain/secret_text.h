#pragma once
// How secrets that people and programs carry are written. Pure text: the randomness comes from outside, and nothing
// here knows whether a secret exists.
//
// Registration code: 12 characters of code_alphabet, shown XXXX-XXXX-XXXX; 2 spell the slot, 10 are random (49.5 bits).
// Bearer secret: prefix, 2 slot characters, 52 characters of base 32 (256 random bits, RFC 4648 alphabet, lower case),
// 7 characters of CRC-32C over all before; so secret scanners find it and a typing error is told from a wrong secret.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::domain {

inline constexpr std::size_t code_length = 12;

/// Canonical form (12 upper-case characters, no separators) of what was typed: case, blanks and hyphens don't matter.
/// On failure `hint` says why, without quoting the input.
std::optional<std::string> parse_code(std::string_view typed, std::string* hint);
/// A canonical code from its slot and ten digits below 31 each.
std::string make_code(std::uint16_t slot, const std::array<std::uint8_t, 10>& digits);
/// XXXX-XXXX-XXXX.
std::string show_code(std::string_view canonical);

enum class BearerKind { root_key, api_key, access_token, activation_ticket };
/// "csroot_", "cskey_", "cstok_", "cstkt_".
std::string_view bearer_prefix(BearerKind kind);
std::string make_bearer(BearerKind kind, std::uint16_t slot, const std::array<std::uint8_t, 32>& random);
/// Whether `text` has the form and the checksum of a bearer secret of this kind.
bool is_bearer(BearerKind kind, std::string_view text);
/// The slot a well-formed bearer secret names.
std::optional<std::uint16_t> bearer_slot(BearerKind kind, std::string_view text);

}  // namespace countersign::domain
