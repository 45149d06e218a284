#include "adapters/offline/x25519.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "adapters/keys/openssl_pointer.h"

namespace countersign::offline {
namespace {

using Pkey = keys::OpenSslPointer<EVP_PKEY, EVP_PKEY_free>;
using PkeyContext = keys::OpenSslPointer<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

void require(bool done) {
  if (!done) throw std::runtime_error("X25519 failed in OpenSSL");
}

Pkey private_key(const keys::Key& secret) {
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), keys::Key::size_bytes));
  require(key != nullptr);
  return key;
}

}  // namespace

PublicKey x25519_public(const keys::Key& secret) {
  PublicKey bytes{};
  auto size = bytes.size();
  require(EVP_PKEY_get_raw_public_key(private_key(secret).get(), bytes.data(), &size) == 1 && size == bytes.size());
  return bytes;
}

std::optional<keys::Key> x25519_shared(const keys::Key& secret, const PublicKey& other) {
  const Pkey mine = private_key(secret);
  const Pkey theirs(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, other.data(), other.size()));
  const PkeyContext context(EVP_PKEY_CTX_new(mine.get(), nullptr));
  require(theirs && context && EVP_PKEY_derive_init(context.get()) == 1 &&
          EVP_PKEY_derive_set_peer(context.get(), theirs.get()) == 1);
  keys::Key shared;
  auto size = keys::Key::size_bytes;
  if (EVP_PKEY_derive(context.get(), shared.data(), &size) != 1) return std::nullopt;
  require(size == keys::Key::size_bytes);
  return shared;
}

}  // namespace countersign::offline
