#include "adapters/commands/answer_record.h"

#include "domain/account.h"
#include "domain/user.h"
#include "projections/row_codec.h"

namespace countersign::commands {

using domain::PartyKind;

std::string text_to_seal(const Answer& answer) {
  std::string text;
  for (const auto& [name, value] : answer.headers) text.append(name).append(": ").append(value).append(1, '\n');
  return text.append(1, '\n').append(answer.body);
}

std::optional<Answer> answer_of(std::uint16_t status, std::string_view sealed_text) {
  Answer answer{status, {}, {}};
  for (;;) {
    const auto end = sealed_text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto line = sealed_text.substr(0, end);
    sealed_text.remove_prefix(end + 1);
    if (line.empty()) break;
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  answer.body = sealed_text;
  return answer;
}

std::string encode(const AnswerRecord& record) {
  projections::RowWriter out;
  out.time(record.time).number(record.status).uuid(record.account.uuid).number(record.handed_out.size());
  for (const auto& object : record.handed_out)
    out.number(static_cast<unsigned>(object.object.kind)).uuid(object.object.id).uuid(object.user.uuid);
  out.text(record.sealed);
  return std::string(domain::view(record.record)).append(domain::view(record.body)) + out.take();
}

AnswerRecord decode_answer_record(std::string_view bytes) {
  AnswerRecord record;
  if (bytes.size() < 64) throw std::runtime_error("answer record: too short");
  std::memcpy(record.record.data(), bytes.data(), 32);
  std::memcpy(record.body.data(), bytes.data() + 32, 32);
  projections::RowReader in(bytes.substr(64));
  record.time = in.time();
  record.status = static_cast<std::uint16_t>(in.number());
  record.account.uuid = in.uuid();
  for (auto n = in.number(); n > 0; --n) {
    HandedOut object;
    object.object.kind = in.enumerator<PartyKind>();
    object.object.id = in.uuid();
    object.user.uuid = in.uuid();
    record.handed_out.push_back(object);
  }
  record.sealed = in.text();
  return record;
}

namespace {

bool stands(const AnswerRecord& record, const HandedOut& object, const domain::State& state, domain::UnixMs now) {
  if (object.object.kind == PartyKind::api_key) {
    const auto key = state.api_key(record.account, domain::ApiKeyId{object.object.id});
    return key && key->revoked_at == 0;
  }
  if (object.object.kind == PartyKind::siem_destination)
    return state.siem_destination(record.account, domain::SiemDestinationId{object.object.id}) != nullptr;
  const auto user = state.user(record.account, object.user);
  if (!user) return false;
  if (object.object.kind == PartyKind::registration_code) {
    // A code that was used or has expired is harmless to show again; one that somebody revoked is not.
    if (user->code(domain::CodeId{object.object.id})) return true;
    const auto located = state.locate_code(record.account, domain::CodeId{object.object.id});
    return located && located->ended_code && located->ended_code->status != domain::CodeStatus::revoked;
  }
  if (object.object.kind == PartyKind::authenticator) {
    // Its seed, which nobody needs to see again once a password made from it has come.
    const auto* authenticator = user->authenticator(domain::AuthenticatorId{object.object.id});
    return authenticator && (authenticator->status == domain::AuthenticatorStatus::pending ||
                             authenticator->status == domain::AuthenticatorStatus::registering);
  }
  const auto* activation = user->activation(object.object.id);
  return activation && activation->token_live(now);
}

}  // namespace

bool still_stands(const AnswerRecord& record, const domain::State& state, domain::UnixMs now) {
  for (const auto& object : record.handed_out)
    if (!stands(record, object, state, now)) return false;
  return true;
}

}  // namespace countersign::commands
