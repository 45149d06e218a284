#include "domain/record.h"

#include "domain/message_under_way.h"
#include "domain/user.h"

namespace countersign::domain {
namespace {

std::vector<NewEvent> just(NewEvent event) {
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  return events;
}

NewEvent record(EventType type, AccountId account, Party subject) {
  return {.type = type, .subject = subject, .target = subject, .account = account};
}

}  // namespace

Decision<Done> decide(const State& state, const Context& context, const RecordRefusals& command) {
  if (!state.account(context.account)) return Done{};
  auto event = record(command.type, context.account, command.subject);
  event.outcome = Outcome::failure;
  event.reason = command.reason;
  fb::RefusalsT payload;
  payload.count = command.count;
  payload.window_start = command.window_start;
  event.payload.Set(payload);
  return {Done{}, just(std::move(event))};
}

Decision<Done> decide(const State& state, const Context& context, const RecordDownload& command) {
  if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  auto event = record(EventType::registration_codes_downloaded, context.account, party(context.account));
  fb::CodesDownloadedT payload;
  payload.rows = command.rows;
  event.payload.Set(payload);
  event.personal.detail = command.filter;
  return {Done{}, just(std::move(event))};
}

Decision<Done> decide(const State& state, const Context& context, const RecordStream& command) {
  const bool root = is_system_account(context.account);
  if (auto refusal = refuse_unless(state, context,
                                   roles(Role::admin, Role::auditor, Role::siem) | (root ? role_bit(Role::root) : 0));
      refusal && !command.ended)  // the end is noted even when the key has just been revoked
    return *refusal;
  auto event = record(command.ended ? EventType::stream_ended : EventType::stream_started, context.account,
                      party(context.account));
  fb::StreamRecordT payload;
  payload.format = command.format;
  payload.events = command.events;
  event.payload.Set(std::move(payload));
  return {Done{}, just(std::move(event))};
}

Decision<Done> decide(const State& state, const Context& context, const RecordExport& command) {
  if (!state.account(context.account)) return Done{};
  auto event = record(EventType::siem_destination_exported, context.account, party(command.destination));
  fb::SiemDestinationExportedT payload;
  payload.events = command.events;
  payload.up_to = command.up_to;
  payload.since = command.since;
  payload.begun_by = command.begun_by;
  event.payload.Set(payload);
  return {Done{}, just(std::move(event))};
}

Decision<Done> decide(const State& state, const Context& context, const RecordReads& command) {
  if (!state.account(context.account)) return Done{};
  auto event = record(EventType::events_read, context.account, party(context.account));
  fb::EventsReadT payload;
  payload.lists = command.lists;
  payload.facets = command.facets;
  payload.histograms = command.histograms;
  payload.log = command.log;
  payload.since = command.since;
  event.payload.Set(payload);
  return {Done{}, just(std::move(event))};
}

Decision<Done> decide(const State& state, const Context& context, const RecordOperation& command) {
  if (!command.finished)
    if (auto refusal = refuse_unless(state, context, roles(Role::admin))) return *refusal;
  auto event = record(command.finished ? EventType::operation_finished : EventType::operation_started, context.account,
                      party(command.id));
  if (!command.succeeded) event.outcome = Outcome::failure;
  fb::OperationRecordT payload;
  payload.kind = command.kind;
  payload.total = command.total;
  payload.done = command.done;
  payload.failed = command.failed;
  event.payload.Set(std::move(payload));
  return {Done{}, just(std::move(event))};
}

Decision<Done> decide(const State&, const Context& context, const RecordServer& command) {
  auto event = record(command.type, context.system, {PartyKind::system, {}});
  fb::ServerRecordT payload;
  payload.version = command.version;
  payload.node = command.node;
  event.payload.Set(std::move(payload));
  return {Done{}, just(std::move(event))};
}

Decision<EpochBegun> decide(const State& state, const Context& context, const BeginEpoch& command) {
  EpochBegun result;
  std::vector<NewEvent> events;
  for (const auto& id : command.users) {
    const auto user = state.user(context.account, id);
    if (!user) continue;
    for (const auto& code : user->codes) {
      if (code.status != CodeStatus::open && code.status != CodeStatus::reserved) continue;
      revoke_code(*user, code, Reason::restored_log, events);
      ++result.codes_revoked;
    }
    // It may have been sent since.
    for (const auto& authenticator : user->authenticators)
      give_up_message(*user, authenticator, Reason::restored_log, events);
    if (command.keep_tokens) continue;
    for (const auto& activation : user->activations) {
      const auto before = events.size();
      end_connection(*user, activation, Reason::restored_log, events);
      result.connections_ended += events.size() > before;
    }
    // Counters that were used up since could be used again, and what was reported lost since isn't known to be.
    for (const auto& authenticator : user->authenticators) {
      if (authenticator.status == AuthenticatorStatus::active)
        disable_authenticator(*user, authenticator, Reason::restored_log, events);
      else if (authenticator.is_being_registered())
        remove_authenticator(*user, authenticator, Reason::restored_log, events);
    }
  }
  return {result, std::move(events)};
}

Decision<Done> decide(const State&, const Context& context, const RecordRestore& command) {
  auto event = record(EventType::log_restored, context.system, {PartyKind::system, {}});
  fb::LogRestoredT payload;
  payload.from_frame = command.from_frame;
  payload.codes_revoked = command.codes_revoked;
  payload.tokens_kept = command.tokens_kept;
  event.payload.Set(payload);
  return {Done{}, just(std::move(event))};
}

}  // namespace countersign::domain
