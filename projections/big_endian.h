#pragma once
// Numbers in bytes that sort as they do: keys of rows, and the Merkle leaf.

#include <cstdint>
#include <string>
#include <string_view>

namespace countersign::projections {

/// Appends the lowest `bytes` bytes of `value`, the highest of them first.
inline void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

/// The number that the first `bytes` bytes of `text` spell, which must be there.
inline std::uint64_t read_big_endian(std::string_view text, std::size_t bytes = 8) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<std::uint8_t>(text[i]);
  return value;
}

}  // namespace countersign::projections
