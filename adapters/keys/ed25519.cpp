#include "adapters/keys/ed25519.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "adapters/keys/openssl_pointer.h"

namespace countersign::keys {
namespace {

using Pkey = OpenSslPointer<EVP_PKEY, EVP_PKEY_free>;
using DigestContext = OpenSslPointer<EVP_MD_CTX, EVP_MD_CTX_free>;

void require(bool done) {
  if (!done) throw std::runtime_error("Ed25519 failed in OpenSSL");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Pkey private_key(const Key& seed) {
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), Key::size_bytes));
  require(key != nullptr);
  return key;
}

}  // namespace

PublicKey public_key_of(const Key& seed) {
  PublicKey bytes{};
  auto size = bytes.size();
  require(EVP_PKEY_get_raw_public_key(private_key(seed).get(), bytes.data(), &size) == 1 && size == bytes.size());
  return bytes;
}

std::string ed25519_sign(const Key& seed, std::string_view text) {
  const auto key = private_key(seed);
  const DigestContext context(EVP_MD_CTX_new());
  std::string signature(signature_bytes, '\0');
  auto size = signature.size();
  require(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
          EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(text),
                         text.size()) == 1 &&
          size == signature.size());
  return signature;
}

bool ed25519_verify(const PublicKey& key, std::string_view text, std::string_view signature) {
  const Pkey public_key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const DigestContext context(EVP_MD_CTX_new());
  require(public_key && context &&
          EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1);
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

}  // namespace countersign::keys
