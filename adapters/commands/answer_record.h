#pragma once
// The record that gives a retried command its first answer. It travels in the frame, so a retry after a restart or
// failover finds it. Bytes: record digest (32) | body digest (32) | time (8) | status (2) | handed-out objects | sealed
// answer with its headers.

#include <optional>
#include <string>
#include <string_view>

#include "adapters/commands/command_work.h"

namespace countersign::commands {

inline constexpr domain::UnixMs answers_kept_ms = 24 * 3'600'000;

struct AnswerRecord {
  domain::Digest record{}, body{};
  domain::UnixMs time = 0;
  std::uint16_t status = 0;
  domain::AccountId account;  ///< of the handed-out objects
  std::vector<HandedOut> handed_out;
  std::string sealed;
};

/// What is sealed into a record: header lines "name: value\n", an empty line, the body.
std::string text_to_seal(const Answer& answer);
/// Nothing when the text is not of this form.
std::optional<Answer> answer_of(std::uint16_t status, std::string_view sealed_text);

std::string encode(const AnswerRecord& record);
/// Throws std::runtime_error: a stored record is ours and whole.
AnswerRecord decode_answer_record(std::string_view bytes);

/// Whether everything that the answer handed out still stands.
bool still_stands(const AnswerRecord& record, const domain::State& state, domain::UnixMs now);

}  // namespace countersign::commands
