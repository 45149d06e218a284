#include "adapters/otp/otpauth_uri.h"

#include "adapters/keys/rfc4648.h"

namespace countersign::otp {
namespace {

/// Percent-encoding of everything but unreserved characters (RFC 3986, section 2.3).
std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<std::uint8_t>(letter);
    const bool alphanumeric =
        (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
    if (alphanumeric || std::string_view("-._~").find(letter) != std::string_view::npos)
      out += letter;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

std::string_view name_of(domain::OtpAlgorithm algorithm) {
  switch (algorithm) {
    case domain::OtpAlgorithm::sha256: return "SHA256";
    case domain::OtpAlgorithm::sha512: return "SHA512";
    default: return "SHA1";
  }
}

}  // namespace

std::string otpauth_uri(const Enrolment& enrolment, std::string_view seed) {
  const bool by_time = enrolment.type == domain::AuthenticatorType::totp;
  std::string uri = by_time ? "otpauth://totp/" : "otpauth://hotp/";
  uri += encoded(enrolment.issuer) + ":" + encoded(enrolment.account);
  uri += "?secret=" + keys::base32(seed) + "&issuer=" + encoded(enrolment.issuer);
  uri.append("&algorithm=").append(name_of(enrolment.shape.algorithm));
  uri += "&digits=" + std::to_string(enrolment.shape.digits);
  return uri +
         (by_time ? "&period=" + std::to_string(enrolment.period_s) : "&counter=" + std::to_string(enrolment.counter));
}

}  // namespace countersign::otp
