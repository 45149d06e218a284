#pragma once
// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) over OpenSSL's EVP with contexts that are set up once and used again:
// a one-shot call costs three to six times as much (docs/benchmarks.md).
//
// Concurrency: one object per thread. A failed OpenSSL call is a broken invariant and throws std::runtime_error.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

struct evp_md_ctx_st;

namespace countersign::bus {

using Bytes32 = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& update(std::string_view bytes);
  Sha256& update(std::span<const std::uint8_t> bytes);
  /// Ends the computation; the object is ready for the next one.
  Bytes32 finish();

 private:
  friend class HmacSha256;
  evp_md_ctx_st* context_;
};

class HmacSha256 {
 public:
  /// Precomputes the inner and outer states of `key` (any length).
  explicit HmacSha256(std::string_view key);

  HmacSha256& update(std::string_view bytes);
  Bytes32 finish();

  Bytes32 operator()(std::string_view bytes) { return update(bytes).finish(); }

 private:
  Sha256 inner_, outer_, running_;
};

Bytes32 sha256(std::string_view bytes);

/// Compares in time that depends on the length only.
bool equal_constant_time(std::string_view a, std::string_view b);

inline std::string_view view(const Bytes32& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace countersign::bus
