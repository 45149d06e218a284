#include "adapters/keys/key_wrap.h"

#include "adapters/keys/aes_gcm.h"
#include "adapters/keys/random.h"

namespace countersign::keys {
namespace {

constexpr char version = 1;
constexpr std::size_t own_id_at = 1, wrapping_id_at = 9, nonce_at = 17, sealed_at = 29;

}  // namespace

std::string wrap(const NamedKey& key, const NamedKey& wrapping, std::string_view row) {
  const auto nonce = random_bytes<12>();
  std::string out;
  out.reserve(wrapped_bytes);
  out.push_back(version);
  out.append(key.id.view());
  out.append(wrapping.id.view());
  out.append(nonce.begin(), nonce.end());
  gcm_encrypt(wrapping.key, nonce, row, key.key.view(), out);
  return out;
}

std::optional<NamedKey> unwrap(std::string_view wrapped, const NamedKey& wrapping, std::string_view row) {
  if (wrapped.size() != wrapped_bytes || wrapped[0] != version) return std::nullopt;
  if (wrapped.substr(wrapping_id_at, 8) != wrapping.id.view()) return std::nullopt;
  Nonce96 nonce;
  std::copy_n(wrapped.begin() + nonce_at, nonce.size(), nonce.begin());
  std::string bytes;
  bytes.reserve(Key::size_bytes + tag_bytes);
  if (!gcm_decrypt(wrapping.key, nonce, row, wrapped.substr(sealed_at), bytes)) return std::nullopt;
  NamedKey key;
  std::copy_n(wrapped.begin() + own_id_at, key.id.bytes.size(), key.id.bytes.begin());
  key.key = Key(std::string_view(bytes));
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

std::string wrap_secret(std::string_view secret, const NamedKey& sealing, std::string_view row) {
  const auto nonce = random_bytes<12>();
  std::string out(1, version);
  out.append(sealing.id.view()).append(nonce.begin(), nonce.end());
  gcm_encrypt(sealing.key, nonce, row, secret, out);
  return out;
}

std::optional<std::string> unwrap_secret(std::string_view wrapped, const NamedKey& sealing, std::string_view row) {
  constexpr std::size_t nonce_begins = 9, sealed_begins = 21;
  if (wrapped.size() < sealed_begins + tag_bytes || wrapped[0] != version) return std::nullopt;
  if (wrapped.substr(1, 8) != sealing.id.view()) return std::nullopt;
  Nonce96 nonce;
  std::copy_n(wrapped.begin() + nonce_begins, nonce.size(), nonce.begin());
  std::string secret;
  if (!gcm_decrypt(sealing.key, nonce, row, wrapped.substr(sealed_begins), secret)) return std::nullopt;
  return secret;
}

}  // namespace countersign::keys
