#include "adapters/keys/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace countersign::keys {
namespace {

void draw(std::uint8_t* out, std::size_t size) {
  if (RAND_bytes(out, static_cast<int>(size)) != 1) throw std::runtime_error("OpenSSL: the random generator failed");
}

struct Block {
  std::array<std::uint8_t, 4096> bytes;
  std::size_t used = bytes.size();
  ~Block() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

}  // namespace

void random_fill(std::span<std::uint8_t> out) {
  thread_local Block block;
  if (out.size() > block.bytes.size() / 4) return draw(out.data(), out.size());
  if (block.bytes.size() - block.used < out.size()) {
    draw(block.bytes.data(), block.bytes.size());
    block.used = 0;
  }
  std::uint8_t* const from = block.bytes.data() + block.used;
  std::memcpy(out.data(), from, out.size());
  OPENSSL_cleanse(from, out.size());
  block.used += out.size();
}

Key random_key() {
  Key key;
  random_fill({key.data(), Key::size_bytes});
  return key;
}

KeyId random_key_id() {
  return KeyId{random_bytes<8>()};
}

domain::Uuid random_uuid(domain::UnixMs now) {
  return domain::make_uuid7(now, random_bytes<10>());
}

std::array<std::uint8_t, 10> random_code_digits() {
  constexpr unsigned base = 31, unbiased = 256 / base * base;
  std::array<std::uint8_t, 10> digits;
  for (std::size_t i = 0; i < digits.size();) {
    for (const std::uint8_t byte : random_bytes<16>()) {
      if (byte < unbiased && i < digits.size()) digits[i++] = static_cast<std::uint8_t>(byte % base);
    }
  }
  return digits;
}

}  // namespace countersign::keys
