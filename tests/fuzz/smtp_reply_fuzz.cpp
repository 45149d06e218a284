// What a mail server answers, in any pieces: the reply comes out the same however it is cut, and no outcome quotes it.
#include <cstdint>
#include <cstdlib>

#include "adapters/messages/smtp_reply.h"

using namespace countersign::messages;

namespace {

SmtpReplyReader::State read(SmtpReplyReader& reader, std::string_view bytes, std::size_t piece) {
  auto state = SmtpReplyReader::State::incomplete;
  for (std::size_t at = 0; at < bytes.size() && state == SmtpReplyReader::State::incomplete; at += piece)
    state = reader.feed(bytes.substr(at, piece));
  return state;
}

std::string reason_of(const Result& result) {
  if (const auto* refused = std::get_if<Refused>(&result)) return refused->reason;
  if (const auto* later = std::get_if<Later>(&result)) return later->reason;
  const auto* unknown = std::get_if<Unknown>(&result);
  return unknown ? unknown->reason : std::string();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  SmtpReplyReader whole, cut;
  const auto state = read(whole, bytes, size + 1);
  if (read(cut, bytes, 1 + size / 7) != state) std::abort();
  if (state != SmtpReplyReader::State::complete) return 0;
  const auto& reply = whole.reply();
  if (reply.code < 200 || reply.code > 599 || reply.code != cut.reply().code) std::abort();
  if (reply.text != cut.reply().text || reply.enhanced != cut.reply().enhanced) std::abort();
  for (const auto step : {SmtpStep::mail_from, SmtpStep::recipient, SmtpStep::data, SmtpStep::end_of_data}) {
    const auto outcome = outcome_of(step, reply);
    if (!outcome) continue;
    const bool accepted = std::holds_alternative<Accepted>(*outcome);
    if (accepted != (step == SmtpStep::end_of_data && reply.code < 300)) std::abort();
    constexpr std::size_t longest_reason = 100;
    if (reason_of(*outcome).size() > longest_reason) std::abort();
  }
  return 0;
}
