#include "adapters/push/webhook_signature.h"

#include "adapters/keys/rfc4648.h"
#include "bus/hash.h"

namespace countersign::push {
namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t least_secret = 24, most_secret = 64;

}  // namespace

std::string webhook_secret_text(std::string_view secret) {
  return std::string(prefix) + keys::base64(secret);
}

std::optional<std::string> parse_webhook_secret(std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  auto secret = keys::parse_base64(text.substr(prefix.size()));
  if (!secret || secret->size() < least_secret || secret->size() > most_secret) return std::nullopt;
  return secret;
}

std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp,
                              std::string_view body) {
  bus::HmacSha256 hmac(secret);
  const auto tag = hmac.update(id).update(".").update(std::to_string(timestamp)).update(".").update(body).finish();
  return "v1," + keys::base64({reinterpret_cast<const char*>(tag.data()), tag.size()});
}

}  // namespace countersign::push
