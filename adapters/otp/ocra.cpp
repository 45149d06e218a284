#include "adapters/otp/ocra.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <vector>

#include "adapters/keys/rfc4648.h"

namespace countersign::otp {
namespace {

using domain::OtpAlgorithm;

constexpr std::size_t question_bytes = 128;  // RFC 6287, section 5.1
constexpr unsigned least_question = 4, most_question = 64;
constexpr std::size_t most_suite_bytes = 64;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0;;) {
    const auto end = text.find(separator, at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return parts;
    at = end + 1;
  }
}

std::optional<OtpAlgorithm> algorithm_named(std::string_view name) {
  if (name == "SHA1") return OtpAlgorithm::sha1;
  if (name == "SHA256") return OtpAlgorithm::sha256;
  if (name == "SHA512") return OtpAlgorithm::sha512;
  return std::nullopt;
}

/// Decimal digits and nothing else.
std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Reads a suite; each step says what an OCRA suite has that this one hasn't, or nothing.
class SuiteReader {
 public:
  OcraSuite suite;

  std::string_view read(std::string_view text) {
    suite.text = text;
    if (text.size() > most_suite_bytes) return "has 64 characters at most";
    const auto parts = split(text, ':');
    if (parts.size() != 3) return "has three parts with colons between: OCRA-1, HOTP with hash and digits, inputs";
    if (parts[0] != "OCRA-1") return "begins with OCRA-1";
    const auto wrong = read_function(parts[1]);
    return wrong.empty() ? read_inputs(split(parts[2], '-')) : wrong;
  }

 private:
  std::string_view read_function(std::string_view text) {
    const auto parts = split(text, '-');
    if (parts.size() != 3 || parts[0] != "HOTP") return "computes by HOTP, hash and digits, as in HOTP-SHA256-8";
    const auto hash = algorithm_named(parts[1]);
    if (!hash) return "has SHA1, SHA256 or SHA512 as its hash";
    const auto digits = number(parts[2]);
    if (!digits || *digits < 6 || *digits > 10 || parts[2].starts_with('0')) return "has responses of 6 to 10 digits";
    suite.shape = {*hash, *digits};
    return {};
  }

  std::string_view read_inputs(const std::vector<std::string_view>& parts) {
    auto part = parts.begin();
    if (*part == "C") {
      suite.counter = true;
      ++part;
    }
    const auto begins = [&](char letter) { return part != parts.end() && part->starts_with(letter); };
    if (!begins('Q')) return "has a question at the beginning of its inputs, or behind C";
    std::string_view wrong = read_question(*part++);
    if (wrong.empty() && begins('P')) wrong = read_pin(*part++);
    if (wrong.empty() && begins('S')) wrong = read_session(*part++);
    if (wrong.empty() && begins('T')) wrong = read_time(*part++);
    if (wrong.empty() && part != parts.end()) wrong = "has the inputs C, Q, P, S and T in this order and no others";
    return wrong;
  }

  std::string_view read_question(std::string_view text) {
    constexpr std::string_view kinds = "ANH";
    const auto kind = text.size() == 4 ? kinds.find(text[1]) : kinds.npos;
    const auto length = kind == kinds.npos ? std::nullopt : number(text.substr(2));
    if (!length || *length < least_question || *length > most_question)
      return "has a question QA, QN or QH of 04 to 64 characters";
    suite.question = static_cast<OcraSuite::Question>(kind);
    suite.question_length = *length;
    return {};
  }

  std::string_view read_pin(std::string_view text) {
    suite.pin = algorithm_named(text.substr(1));
    return suite.pin ? "" : "has PSHA1, PSHA256 or PSHA512 for a PIN";
  }

  std::string_view read_session(std::string_view text) {
    const unsigned bytes = text.size() == 4 ? number(text.substr(1)).value_or(0) : 0;
    if (bytes != 64 && bytes != 128 && bytes != 256 && bytes != 512)
      return "has S064, S128, S256 or S512 for a session";
    suite.session_bytes = bytes;
    return {};
  }

  std::string_view read_time(std::string_view text) {
    const auto count = text.size() > 2 && text[1] != '0' ? number(text.substr(1, text.size() - 2)) : std::nullopt;
    const char unit = text.back();
    const unsigned most = unit == 'H' ? 48 : unit == 'M' || unit == 'S' ? 59 : 0;
    if (!count || *count > most)
      return "has T and 1 to 59 seconds (T30S), 1 to 59 minutes (T1M) or 1 to 48 hours (T2H) for the time";
    suite.period_s = *count * (unit == 'H' ? 3600 : unit == 'M' ? 60 : 1);
    return {};
  }
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hexadecimal(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The decimal number in hexadecimal, without leading zeros.
std::string hexadecimal(std::string_view decimal) {
  std::vector<unsigned> nibbles{0};  // the lowest first
  for (const char digit : decimal) {
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (auto& nibble : nibbles) {
      carry += nibble * 10;
      nibble = carry & 15;
      carry >>= 4;
    }
    if (carry != 0) nibbles.push_back(carry);
  }
  std::string text;
  for (auto nibble = nibbles.rbegin(); nibble != nibbles.rend(); ++nibble) text += "0123456789abcdef"[*nibble];
  return text;
}

/// As 128 bytes with zeros behind. A number may end in the middle of a byte: so does the RFC's own code.
std::variant<std::string, OcraFlaw> question_of(const OcraSuite& suite, std::string_view text) {
  using Question = OcraSuite::Question;
  if (text.size() < least_question || text.size() > std::size_t{2} * suite.question_length)
    return OcraFlaw::question_length;
  const auto fits = suite.question == Question::numeric       ? is_digit
                    : suite.question == Question::hexadecimal ? is_hexadecimal
                                                              : is_alphanumeric;
  if (!std::all_of(text.begin(), text.end(), fits)) return OcraFlaw::question_characters;
  std::string bytes(text);
  if (suite.question != Question::alphanumeric) {
    auto digits = suite.question == Question::numeric ? hexadecimal(text) : std::string(text);
    digits.resize(digits.size() + digits.size() % 2, '0');
    bytes = *keys::parse_base16(digits);
  }
  bytes.resize(question_bytes);
  return bytes;
}

void append_number(std::string& message, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) message += static_cast<char>(value >> shift);
}

}  // namespace

std::variant<OcraSuite, std::string> parse_ocra_suite(std::string_view text) {
  SuiteReader reader;
  const auto wrong = reader.read(text);
  if (!wrong.empty()) return "an OCRA suite " + std::string(wrong);
  return std::move(reader.suite);
}

std::string_view text_of(OcraFlaw flaw) {
  switch (flaw) {
    case OcraFlaw::question_length: return "the question is shorter or longer than the suite allows";
    case OcraFlaw::question_characters: return "the question has characters that the suite doesn't allow";
    case OcraFlaw::pin_hash_length: return "the hash of the PIN is missing or isn't the suite's";
    case OcraFlaw::session_length: return "the session's information is longer than the suite allows";
  }
  throw std::logic_error("a flaw that isn't known");
}

std::variant<std::string, OcraFlaw> ocra_response(std::string_view seed, const OcraSuite& suite,
                                                  const OcraInput& input) {
  const auto question = question_of(suite, input.question);
  if (const auto* const flaw = std::get_if<OcraFlaw>(&question)) return *flaw;
  if (suite.pin && input.pin_hash.size() != seed_bytes(*suite.pin)) return OcraFlaw::pin_hash_length;
  if (suite.session_bytes != 0 && input.session.size() > suite.session_bytes) return OcraFlaw::session_length;

  std::string message = suite.text;
  message.reserve(suite.text.size() + 1 + 8 + question_bytes + input.pin_hash.size() + suite.session_bytes + 8);
  message += '\0';
  if (suite.counter) append_number(message, input.counter);
  message += std::get<std::string>(question);
  if (suite.pin) message += input.pin_hash;
  if (suite.session_bytes != 0) message.append(suite.session_bytes - input.session.size(), '\0').append(input.session);
  if (suite.period_s != 0) append_number(message, input.now_s / suite.period_s);
  auto response = password_of(seed, message, suite.shape);
  OPENSSL_cleanse(message.data(), message.size());
  return response;
}

std::optional<Match> match_ocra(std::string_view seed, std::string_view response, const OcraSuite& suite,
                                std::string_view question, std::uint64_t next, std::int64_t now_s,
                                const Window& window) {
  const auto around = suite.period_s == 0 ? 0 : static_cast<std::int64_t>(window.steps_around);
  std::optional<Match> found;
  for (auto ahead = suite.counter ? window.events_ahead + 1 : 1; ahead-- > 0;)
    for (auto step = -around; step <= around; ++step) {
      const auto at = std::max<std::int64_t>(0, now_s + step * static_cast<std::int64_t>(suite.period_s));
      const auto expected = ocra_response(
          seed, suite, {.counter = next + ahead, .question = question, .now_s = static_cast<std::uint64_t>(at)});
      const auto* text = std::get_if<std::string>(&expected);
      if (text && text->size() == response.size() && CRYPTO_memcmp(text->data(), response.data(), text->size()) == 0)
        found = Match{next + ahead, 0};
    }
  return found;
}

}  // namespace countersign::otp
