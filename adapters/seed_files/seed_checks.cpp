#include "adapters/seed_files/seed_checks.h"

#include <algorithm>
#include <charconv>

#include "adapters/directory/text_checks.h"
#include "adapters/queries/rfc3339.h"

namespace countersign::seed_files {
namespace {

using domain::OtpAlgorithm;

/// Decimal digits and nothing else, or `otherwise` for an empty text; nothing if it is no number of the range.
template <class Number>
std::optional<Number> number(std::string_view text, Number otherwise, Number least, Number most) {
  if (text.empty()) return otherwise;
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

std::optional<RecordError> check_text(std::string_view what, std::string_view text, std::size_t most) {
  const auto code = std::string(what) + "-malformed";
  if (!directory::is_utf8(text) || directory::has_control_character(text))
    return RecordError{code, "the " + std::string(what) + " has characters that can't be shown"};
  if (directory::count_characters(text) > most)
    return RecordError{code, "the " + std::string(what) + " is longer than " + std::to_string(most) + " characters"};
  return std::nullopt;
}

std::optional<TokenType> type_named(std::string_view name) {
  const auto type = directory::to_lower_ascii(name);
  if (type.empty() || type == "totp") return TokenType::totp;
  if (type == "hotp") return TokenType::hotp;
  if (type == "ocra") return TokenType::ocra;
  return std::nullopt;
}

/// SHA1, SHA-1, HMAC-SHA1, hmacsha256 ...: vendors differ.
std::optional<OtpAlgorithm> algorithm_named(std::string_view name) {
  auto plain = directory::to_lower_ascii(name);
  std::erase_if(plain, [](char c) { return c == '-' || c == '_'; });
  if (plain.starts_with("hmac")) plain.erase(0, 4);
  if (plain.empty() || plain == "sha1") return OtpAlgorithm::sha1;
  if (plain == "sha256") return OtpAlgorithm::sha256;
  if (plain == "sha512") return OtpAlgorithm::sha512;
  return std::nullopt;
}

std::optional<RecordError> read_suite(const RawSeed& raw, TokenSeed& token) {
  if (raw.suite.empty()) return RecordError{"suite-missing", "a token of type ocra needs its suite"};
  auto suite = otp::parse_ocra_suite(raw.suite);
  if (const auto* const wrong = std::get_if<std::string>(&suite)) return RecordError{"suite-unknown", *wrong};
  token.suite = std::move(std::get<otp::OcraSuite>(suite));
  token.shape = token.suite->shape;
  const bool same_hash = raw.algorithm.empty() || algorithm_named(raw.algorithm) == token.shape.algorithm;
  if (!same_hash || number(raw.digits, token.shape.digits, 0u, ~0u) != token.shape.digits)
    return RecordError{"suite-contradicted", "algorithm or digits aren't those of the suite"};
  return std::nullopt;
}

std::optional<RecordError> read_shape(const RawSeed& raw, TokenSeed& token) {
  const auto algorithm = algorithm_named(raw.algorithm);
  if (!algorithm) return RecordError{"algorithm-unknown", "the algorithm is none of SHA1, SHA256 and SHA512"};
  const auto digits = number(raw.digits, 6u, 6u, 8u);
  if (!digits) return RecordError{"digits-invalid", "passwords have 6 to 8 digits"};
  token.shape = {*algorithm, *digits};
  if (token.type != TokenType::totp) return std::nullopt;
  const auto period = number(raw.period, 30u, least_period_s, most_period_s);
  if (!period) return RecordError{"period-invalid", "the period is 15 to 300 seconds"};
  token.period_s = static_cast<std::uint16_t>(*period);
  return std::nullopt;
}

}  // namespace

std::variant<TokenSeed, RecordError> check_token(const RawSeed& raw) {
  if (raw.serial.empty()) return RecordError{"serial-missing", "the serial number is missing"};
  if (auto wrong = check_text("serial", raw.serial, most_serial_characters)) return *wrong;
  if (auto wrong = check_text("manufacturer", raw.manufacturer, most_name_characters)) return *wrong;
  if (auto wrong = check_text("issuer", raw.issuer, most_name_characters)) return *wrong;
  TokenSeed token{.serial = raw.serial, .manufacturer = raw.manufacturer, .issuer = raw.issuer};
  const auto type = type_named(raw.type);
  if (!type) return RecordError{"type-unknown", "the type is none of totp, hotp and ocra"};
  token.type = *type;
  const auto wrong = *type == TokenType::ocra ? read_suite(raw, token) : read_shape(raw, token);
  if (wrong) return *wrong;
  if (*type == TokenType::hotp || (token.suite && token.suite->counter)) {
    const auto counter = number(raw.counter, std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{INT64_MAX});
    if (!counter) return RecordError{"counter-invalid", "the counter is no number from 0 to 2^63 - 1"};
    token.counter = *counter;
  }
  if (!raw.expiry.empty()) {
    const auto expiry = queries::parse_rfc3339(raw.expiry);
    if (!expiry) return RecordError{"expiry-malformed", "the date of expiry is no time with a zone (RFC 3339)"};
    token.expires_at = *expiry;
  }
  return token;
}

std::optional<RecordError> check_seed(const keys::SecretBytes& seed) {
  if (seed.size() < least_seed_bytes)
    return RecordError{"seed-too-short", "the seed has fewer than 128 bits (RFC 4226, section 4, R6)"};
  if (seed.size() > most_seed_bytes) return RecordError{"seed-too-long", "the seed has more than 128 bytes"};
  return std::nullopt;
}

}  // namespace countersign::seed_files
