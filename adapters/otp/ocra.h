#pragma once
// OCRA (RFC 6287): responses to challenges. A suite, "OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1", says what goes into them: a
// counter, the question, the hash of a PIN, what is known about the session, the time.
//
// Taken are suites as section 6 writes them, with responses of 6 to 10 digits: those of fewer can be guessed, and
// without truncation (0) nobody can type them. Comparing is the caller's: bus::equal_constant_time().
//
// Concurrency: any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "adapters/otp/otp.h"

namespace countersign::otp {

struct OcraSuite {
  enum class Question { alphanumeric, numeric, hexadecimal };

  std::string text;  ///< goes into each response
  Shape shape;       ///< 6 to 10 digits
  bool counter = false;
  Question question = Question::numeric;
  unsigned question_length = 0;             ///< characters of a question, at most: 4 to 64
  std::optional<domain::OtpAlgorithm> pin;  ///< the hash of the PIN
  unsigned session_bytes = 0;               ///< 64, 128, 256 or 512; 0: none
  unsigned period_s = 0;                    ///< of a time step; 0: no time
};

/// The suite, or what is wrong with the text, for people: without quoting it.
std::variant<OcraSuite, std::string> parse_ocra_suite(std::string_view text);

/// What the suite doesn't ask for isn't looked at.
struct OcraInput {
  std::uint64_t counter = 0;
  std::string_view question;  ///< where both parties ask: one after the other, in the order of section 7.3
  std::string_view pin_hash;  ///< the hash's bytes
  std::string_view session;   ///< shorter than the suite says: zero bytes come in front
  std::uint64_t now_s = 0;    ///< seconds since 1970
};

enum class OcraFlaw {
  question_length,      ///< not 4 characters to those of the suite, or twice that where both ask
  question_characters,  ///< not those of the suite's kind
  pin_hash_length,
  session_length,
};

/// For people.
std::string_view text_of(OcraFlaw flaw);

std::variant<std::string, OcraFlaw> ocra_response(std::string_view seed, const OcraSuite& suite,
                                                  const OcraInput& input);

/// The lowest counter from `next` on, within the window of events, whose response to the question this is; at one of
/// the time steps within the window, where the suite has them. Without a counter: `next`. All are compared, in the same
/// time. Of suites without PIN and session.
std::optional<Match> match_ocra(std::string_view seed, std::string_view response, const OcraSuite& suite,
                                std::string_view question, std::uint64_t next, std::int64_t now_s,
                                const Window& window = {});

}  // namespace countersign::otp
