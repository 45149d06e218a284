#pragma once
// Cryptographic randomness (RAND_bytes, that is OpenSSL's CTR-DRBG), drawn in blocks per thread because a call for a
// few bytes costs as much as one for four kilobytes. What was handed out is wiped from the block.
//
// Concurrency: any thread. If the generator fails, std::runtime_error: nothing can go on safely without it.

#include <array>
#include <cstdint>
#include <span>

#include "adapters/keys/secret_key.h"
#include "domain/ids.h"

namespace countersign::keys {

void random_fill(std::span<std::uint8_t> out);

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> out;
  random_fill(out);
  return out;
}

Key random_key();
KeyId random_key_id();

/// UUIDv7 (RFC 9562): 48 bits of time, 74 random bits.
domain::Uuid random_uuid(domain::UnixMs now);

template <class Id>
Id random_id(domain::UnixMs now) {
  return Id{random_uuid(now)};
}

/// The random part of a registration code: ten digits, each uniform over 0..30 (rejection, so without bias).
std::array<std::uint8_t, 10> random_code_digits();

}  // namespace countersign::keys
