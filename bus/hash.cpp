#include "bus/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <stdexcept>
#include <utility>

#include "bus/operation_trace.h"

namespace countersign::bus {
namespace {

void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL: SHA-256 failed");
}

const EVP_MD* sha256_digest() {
  // Fetched once: EVP_sha256() would look the algorithm up in the provider at every init.
  static const EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest;
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  require(EVP_DigestInit_ex2(context_, sha256_digest(), nullptr));
}
Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
}
Sha256::Sha256(Sha256&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
Sha256& Sha256::operator=(Sha256&& other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}

Sha256& Sha256::update(std::string_view bytes) {
  require(EVP_DigestUpdate(context_, bytes.data(), bytes.size()));
  return *this;
}

Sha256& Sha256::update(std::span<const std::uint8_t> bytes) {
  require(EVP_DigestUpdate(context_, bytes.data(), bytes.size()));
  return *this;
}

Bytes32 Sha256::finish() {
  OperationTrace::note('s');
  Bytes32 digest;
  unsigned length = 0;
  require(EVP_DigestFinal_ex(context_, digest.data(), &length));
  require(EVP_DigestInit_ex2(context_, nullptr, nullptr));
  return digest;
}

HmacSha256::HmacSha256(std::string_view key) {
  constexpr std::size_t block = 64;
  std::array<std::uint8_t, block> padded{};
  if (key.size() > block) {
    const Bytes32 hashed = sha256(key);
    std::copy(hashed.begin(), hashed.end(), padded.begin());
  } else {
    std::copy(key.begin(), key.end(), padded.begin());
  }
  for (auto& byte : padded) byte ^= 0x36;
  inner_.update(padded);
  for (auto& byte : padded) byte ^= 0x36 ^ 0x5c;
  outer_.update(padded);
  OPENSSL_cleanse(padded.data(), padded.size());
  require(EVP_MD_CTX_copy_ex(running_.context_, inner_.context_));
}

HmacSha256& HmacSha256::update(std::string_view bytes) {
  running_.update(bytes);
  return *this;
}

Bytes32 HmacSha256::finish() {
  OperationTrace::note('h');
  Bytes32 digest;
  unsigned length = 0;
  require(EVP_DigestFinal_ex(running_.context_, digest.data(), &length));
  require(EVP_MD_CTX_copy_ex(running_.context_, outer_.context_));
  running_.update(digest);
  require(EVP_DigestFinal_ex(running_.context_, digest.data(), &length));
  require(EVP_MD_CTX_copy_ex(running_.context_, inner_.context_));
  return digest;
}

Bytes32 sha256(std::string_view bytes) {
  thread_local Sha256 hash;
  return hash.update(bytes).finish();
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace countersign::bus
