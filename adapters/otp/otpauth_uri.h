#pragma once
// otpauth:// URIs, which authenticator apps scan (Google Authenticator's "Key Uri Format").

#include <string>
#include <string_view>

#include "adapters/otp/otp.h"

namespace countersign::otp {

struct Enrolment {
  domain::AuthenticatorType type = domain::AuthenticatorType::totp;
  Shape shape;
  std::uint32_t period_s = 30;
  std::uint64_t counter = 0;
  std::string issuer;   ///< whom it is for
  std::string account;  ///< whose it is there
};

std::string otpauth_uri(const Enrolment& enrolment, std::string_view seed);

}  // namespace countersign::otp
