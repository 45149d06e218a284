#include "adapters/keys/answer_seal.h"

#include "adapters/keys/aes_gcm.h"
#include "adapters/keys/hkdf.h"
#include "adapters/keys/random.h"

namespace countersign::keys {
namespace {

constexpr std::string_view label = "countersign/answer/1";
constexpr std::size_t salt_bytes = 16;

}  // namespace

std::string seal_answer(std::string_view idempotency_key, std::string_view scope, std::string_view answer) {
  const auto salt = random_bytes<salt_bytes>();
  std::string sealed(salt.begin(), salt.end());
  sealed.reserve(salt_bytes + answer.size() + tag_bytes);
  gcm_encrypt(hkdf(std::string(sealed), idempotency_key, label, scope), Nonce96{}, scope, answer, sealed);
  return sealed;
}

std::optional<std::string> open_answer(std::string_view idempotency_key, std::string_view scope,
                                       std::string_view sealed) {
  if (sealed.size() < salt_bytes + tag_bytes) return std::nullopt;
  const Key key = hkdf(sealed.substr(0, salt_bytes), idempotency_key, label, scope);
  std::string answer;
  if (!gcm_decrypt(key, Nonce96{}, scope, sealed.substr(salt_bytes), answer)) return std::nullopt;
  return answer;
}

}  // namespace countersign::keys
