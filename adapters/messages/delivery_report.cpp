#include "adapters/messages/delivery_report.h"

#include <algorithm>
#include <array>

#include "adapters/directory/text_checks.h"
#include "adapters/messages/sms_shapes.h"

namespace countersign::messages {
namespace json = boost::json;
namespace {

using State = DeliveryReport::State;

struct Word {
  std::string_view word;
  State state;
};
// https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
constexpr std::array twilio_states{Word{"accepted", State::underway}, Word{"scheduled", State::underway},
                                   Word{"queued", State::underway},   Word{"sending", State::underway},
                                   Word{"sent", State::underway},     Word{"delivered", State::delivered},
                                   Word{"read", State::delivered},    Word{"undelivered", State::failed},
                                   Word{"failed", State::failed},     Word{"canceled", State::failed}};
constexpr std::array kannel_types{Word{"1", State::delivered}, Word{"2", State::failed}, Word{"4", State::underway},
                                  Word{"8", State::underway}, Word{"16", State::failed}};

template <std::size_t size>
const Word* find(const std::array<Word, size>& words, std::string_view word) {
  const auto* found = std::ranges::find_if(words, [&](const Word& each) { return each.word == word; });
  return found == words.end() ? nullptr : found;
}

std::string_view field(const ReportFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

/// What may name a message; else empty.
std::string name_in(std::string_view text) {
  const json::value value(text);
  return id_in(&value);
}

std::string text_at(const json::value& report, const std::string& pointer) {
  if (pointer.empty()) return {};
  json::error_code error;
  return id_in(report.find_pointer(pointer, error));
}

bool is_listed(const std::vector<std::string>& words, std::string_view status) {
  return std::ranges::any_of(words, [&](const std::string& word) { return directory::to_lower_ascii(word) == status; });
}

}  // namespace

ParsedReport parse_twilio_report(const ReportFields& fields) {
  DeliveryReport report;
  report.gateway_id = name_in(field(fields, "MessageSid"));
  report.reference = name_in(field(fields, "reference"));
  if (report.gateway_id.empty()) return "MessageSid is missing";
  const auto* state = find(twilio_states, field(fields, "MessageStatus"));
  if (!state) return "MessageStatus is missing, or none that is known";
  report.state = state->state;
  report.code = name_in(field(fields, "ErrorCode"));
  if (report.code.empty()) report.code = state->word;
  return report;
}

ParsedReport parse_kannel_report(const ReportFields& fields) {
  DeliveryReport report;
  report.reference = name_in(field(fields, "reference"));
  if (report.reference.empty()) return "reference is missing";
  const auto* type = find(kannel_types, field(fields, "type"));
  if (!type) return "type is missing, or none that is known";
  report.state = type->state;
  report.code = type->word;
  return report;
}

std::string flaw_in(const JsonReportShape& shape) {
  if (shape.id_at.empty() && shape.reference_at.empty()) return "id_at or reference_at is expected";
  for (const auto* pointer : {&shape.id_at, &shape.reference_at, &shape.status_at})
    if (!pointer->empty() && pointer->front() != '/') return "a JSON pointer is expected, such as /message/id";
  if (shape.status_at.empty()) return "status_at is expected";
  if (shape.delivered.empty()) return "delivered: a word at least is expected";
  return {};
}

ParsedReport parse_json_report(const JsonReportShape& shape, const json::value& value) {
  DeliveryReport report;
  report.gateway_id = text_at(value, shape.id_at);
  report.reference = text_at(value, shape.reference_at);
  if (report.gateway_id.empty() && report.reference.empty())
    return "neither an id nor a reference is where it should be";
  report.code = text_at(value, shape.status_at);
  if (report.code.empty()) return "there is no status where it should be";
  const auto status = directory::to_lower_ascii(report.code);
  if (is_listed(shape.delivered, status)) report.state = State::delivered;
  if (is_listed(shape.failed, status)) report.state = State::failed;
  return report;
}

}  // namespace countersign::messages
