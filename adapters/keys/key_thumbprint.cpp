#include "adapters/keys/key_thumbprint.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

#include "adapters/keys/rfc4648.h"
#include "bus/hash.h"

namespace countersign::keys {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, Free>;

/// Big-endian, `size` bytes; 0: as few as it takes.
std::optional<std::string> number(const EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &found) != 1) return std::nullopt;
  const std::unique_ptr<BIGNUM, Free> owned(found);
  std::string bytes(size == 0 ? static_cast<std::size_t>(BN_num_bytes(found)) : size, '\0');
  if (BN_bn2binpad(found, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) < 0)
    return std::nullopt;
  return bytes;
}

std::optional<std::string> rsa(const EVP_PKEY* key) {
  if (const int bits = EVP_PKEY_get_bits(key); bits < 2048 || bits > 8192) return std::nullopt;
  const auto e = number(key, OSSL_PKEY_PARAM_RSA_E, 0), n = number(key, OSSL_PKEY_PARAM_RSA_N, 0);
  if (!e || !n) return std::nullopt;
  return R"({"e":")" + base64url(*e) + R"(","kty":"RSA","n":")" + base64url(*n) + R"("})";
}

std::optional<std::string> elliptic(const EVP_PKEY* key) {
  char group[32] = {};
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr) != 1)
    return std::nullopt;
  struct Curve {
    std::string_view group, name;
    std::size_t bytes;
  };
  for (const auto& curve :
       {Curve{"prime256v1", "P-256", 32}, Curve{"secp384r1", "P-384", 48}, Curve{"secp521r1", "P-521", 66}}) {
    if (curve.group != group) continue;
    const auto x = number(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.bytes);
    const auto y = number(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.bytes);
    if (!x || !y) return std::nullopt;
    return R"({"crv":")" + std::string(curve.name) + R"(","kty":"EC","x":")" + base64url(*x) + R"(","y":")" +
           base64url(*y) + R"("})";
  }
  return std::nullopt;
}

std::optional<std::string> ed25519(const EVP_PKEY* key) {
  std::string x(32, '\0');
  auto size = x.size();
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(x.data()), &size) != 1 || size != x.size())
    return std::nullopt;
  return R"({"crv":"Ed25519","kty":"OKP","x":")" + base64url(x) + R"("})";
}

}  // namespace

std::optional<domain::Digest> key_thumbprint(std::string_view pem) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const PublicKey key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  if (!key) return std::nullopt;
  std::optional<std::string> jwk;
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA: jwk = rsa(key.get()); break;
    case EVP_PKEY_EC: jwk = elliptic(key.get()); break;
    case EVP_PKEY_ED25519: jwk = ed25519(key.get()); break;
    default: break;
  }
  return jwk ? std::optional<domain::Digest>(bus::sha256(*jwk)) : std::nullopt;
}

}  // namespace countersign::keys
