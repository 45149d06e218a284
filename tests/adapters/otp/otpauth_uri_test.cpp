#include "adapters/otp/otpauth_uri.h"

#include <gtest/gtest.h>

#include "adapters/otp/qr_code.h"

namespace countersign::otp {
namespace {

TEST(OtpauthUri, NamesEverythingThatAnAppNeeds) {
  Enrolment totp{.type = domain::AuthenticatorType::totp,
                 .shape = {domain::OtpAlgorithm::sha256, 8},
                 .period_s = 60,
                 .issuer = "Example & Søn",
                 .account = "ada@example.com"};
  EXPECT_EQ(otpauth_uri(totp, "12345678901234567890"),
            "otpauth://totp/Example%20%26%20S%C3%B8n:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
            "&issuer=Example%20%26%20S%C3%B8n&algorithm=SHA256&digits=8&period=60");
  Enrolment hotp{.type = domain::AuthenticatorType::hotp, .counter = 4, .issuer = "X", .account = "a"};
  EXPECT_EQ(otpauth_uri(hotp, "foobar"),
            "otpauth://hotp/X:a?secret=MZXW6YTBOI&issuer=X&algorithm=SHA1&digits=6&counter=4");
}

TEST(QrCode, IsRefusedForWhatDoesNotFit) {
  EXPECT_TRUE(QrCode::of(std::string(2'331, 'x')));
  EXPECT_FALSE(QrCode::of(std::string(2'332, 'x')));
  EXPECT_TRUE(QrCode::of(std::string(3'391, 'X'))) << "capitals take less";
  const auto code = QrCode::of("COUNTERSIGN:ABCD").value();
  EXPECT_FALSE(code.png(code.least_size() - 1));
  EXPECT_TRUE(code.png(code.least_size()));
  EXPECT_FALSE(code.svg(code.least_size() - 1));
}

}  // namespace
}  // namespace countersign::otp
