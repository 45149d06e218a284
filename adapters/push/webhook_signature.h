#pragma once
// Standard Webhooks (standardwebhooks.com, specification 1.0.0): what signs a batch, so that its receiver knows that it
// is ours, unchanged and new.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::push {

/// "whsec_" and the secret's bytes in base 64.
std::string webhook_secret_text(std::string_view secret);
/// Nothing for what is not one of 24 to 64 bytes.
std::optional<std::string> parse_webhook_secret(std::string_view text);

/// "v1," and the HMAC-SHA-256 of "id.timestamp.body" in base 64: the field webhook-signature. `timestamp`: seconds
/// since 1970, as in webhook-timestamp.
std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp,
                              std::string_view body);

}  // namespace countersign::push
