#pragma once
// Numbers in bytes that sort as they do: keys of rows, and the Merkle leaf.

#include <cstdint>
#include <string>

namespace countersign::projections {

/// Appends the lowest `bytes` bytes of `value`, the highest of them first.
inline void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

}  // namespace countersign::projections
