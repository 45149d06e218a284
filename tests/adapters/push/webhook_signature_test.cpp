#include "adapters/push/webhook_signature.h"

#include <gtest/gtest.h>

namespace countersign::push {
namespace {

// Test vector of the Standard Webhooks reference libraries.
TEST(WebhookSignature, IsThatOfTheReference) {
  const auto secret = parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(secret);
  EXPECT_EQ(webhook_signature(*secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, SecretsAreReadAsTheyAreWritten) {
  const std::string secret(32, '\x7f');
  EXPECT_EQ(parse_webhook_secret(webhook_secret_text(secret)), secret);
  for (const auto& text : {std::string(), std::string("whsec_"), webhook_secret_text(std::string(23, 'a')),
                           webhook_secret_text(std::string(65, 'a')), std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                           std::string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"), std::string("whsec_%%%%")})
    EXPECT_EQ(parse_webhook_secret(text), std::nullopt) << text;
}

}  // namespace
}  // namespace countersign::push
