#pragma once
// A row's key where many are held in RAM: its bytes stand in the table itself, so that finding one costs no look at
// another place in memory. Hash and equality take any text.
//
// Limits: 47 bytes; the longest key of our tables has 42 (rows.h).

#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string_view>

namespace countersign::projections {

class RowKey {
 public:
  static constexpr std::size_t most_bytes = 47;

  /// Throws std::length_error.
  RowKey(std::string_view bytes) : size_(static_cast<std::uint8_t>(bytes.size())) {
    if (bytes.size() > most_bytes) throw std::length_error("a row's key has more than 47 bytes");
    bytes.copy(bytes_, bytes.size());
  }
  std::string_view view() const { return {bytes_, size_}; }
  operator std::string_view() const { return view(); }

 private:
  char bytes_[most_bytes];
  std::uint8_t size_;
};

/// What tells keys of our tables apart stands in their first byte and at their end, which holds an id or a digest.
struct RowKeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const {
    if (key.size() < 17) return std::hash<std::string_view>{}(key);
    std::uint64_t end[2];
    std::memcpy(end, key.data() + key.size() - sizeof end, sizeof end);
    end[0] = (end[0] ^ static_cast<std::uint8_t>(key[0])) * 0x9e3779b97f4a7c15;
    return (end[0] ^ end[0] >> 32) + end[1];
  }
};

struct RowKeyEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

}  // namespace countersign::projections
