#pragma once
// A 256-bit key in memory: overwritten when it goes. It can't keep the kernel from swapping; docs/operations.md says
// how to lock swap. Compare and print are missing on purpose.

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace countersign::keys {

class Key {
 public:
  static constexpr std::size_t size_bytes = 32;

  Key() = default;
  explicit Key(const std::array<std::uint8_t, size_bytes>& bytes) : bytes_(bytes) {}
  /// The first 32 of `bytes`, which must be at least that long.
  explicit Key(std::string_view bytes) { std::copy_n(bytes.begin(), size_bytes, bytes_.begin()); }
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  const std::uint8_t* data() const { return bytes_.data(); }
  std::uint8_t* data() { return bytes_.data(); }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  std::array<std::uint8_t, size_bytes> bytes_{};
};

/// Names a key without telling anything about it: random, and stored beside whatever the key wraps.
struct KeyId {
  std::array<std::uint8_t, 8> bytes{};
  bool operator==(const KeyId&) const = default;
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

struct NamedKey {
  KeyId id;
  Key key;
};

}  // namespace countersign::keys
