#include "bus/acceptance.h"

#include <algorithm>

#include "bus/planted.h"

namespace countersign::bus {
namespace {

template <class FrameOrRelease>
std::optional<Ignored> reason_to_ignore_link(const AcceptanceState& state, const FrameOrRelease& link) {
  if (link.term != state.term && !planted(Bug::ignore_term)) return Ignored::wrong_term;
  if (link.nonce != state.nonce && !planted(Bug::ignore_nonce)) return Ignored::wrong_nonce;
  if (link.number != next(state.last) && !planted(Bug::ignore_frame_number)) return Ignored::wrong_number;
  if (link.previous != state.head && !planted(Bug::ignore_previous_head)) return Ignored::wrong_head;
  return std::nullopt;
}

Ignored ignored_for(boost::system::error_code error) {
  if (error == errc::forged) return Ignored::forged;
  if (error == errc::wrong_cluster) return Ignored::wrong_cluster;
  if (error == errc::wrong_partition) return Ignored::wrong_partition;
  return Ignored::damaged;
}

}  // namespace

std::string_view name(Ignored reason) {
  constexpr std::array<std::string_view, ignored_reasons> names = {"damaged",         "forged",       "wrong_cluster",
                                                                   "wrong_partition", "stale_claim",  "wrong_term",
                                                                   "wrong_nonce",     "wrong_number", "wrong_head"};
  return names[static_cast<std::size_t>(reason)];
}

std::optional<Ignored> reason_to_ignore(const AcceptanceState& state, const Record& record) {
  if (const auto* claim = std::get_if<Claim>(&record)) {
    return claim->term > state.term || planted(Bug::ignore_term) ? std::nullopt : std::optional(Ignored::stale_claim);
  }
  if (const auto* frame = std::get_if<Frame>(&record)) return reason_to_ignore_link(state, *frame);
  return reason_to_ignore_link(state, std::get<Release>(record));
}

AcceptanceState accept(const AcceptanceState& before, const Record& record, const Bytes32& head_after, Offset offset) {
  AcceptanceState after = before;
  after.head = head_after;
  after.next = Offset{value(offset) + 1};
  std::visit([&](const auto& any) { after.format = std::max(after.format, any.format); }, record);
  if (const auto* claim = std::get_if<Claim>(&record)) {
    after.term = claim->term;
    after.nonce = claim->nonce;
    after.released = false;
    after.writer = std::make_shared<const Writer>(Writer{std::string(claim->node), std::string(claim->address)});
  } else if (const auto* frame = std::get_if<Frame>(&record)) {
    after.last = frame->number;
    after.time = frame->time;
  } else {
    after.last = std::get<Release>(record).number;
    after.released = true;
  }
  return after;
}

Bytes32 head_after(const Bytes32& head, std::string_view bytes) {
  thread_local Sha256 hash;
  return hash.update(head).update(bytes).finish();
}

Acceptance::Acceptance(const LogIdentity& identity, std::string_view log_key, const AcceptanceState& from)
    : codec_(identity, log_key), state_(from) {}

boost::system::result<std::optional<Record>> Acceptance::take(const LogRecord& record) {
  auto decoded = codec_.decode(record.bytes);
  if (decoded.has_error() && decoded.error() == errc::newer_format) return errc::newer_format;
  const std::optional<Ignored> reason =
      decoded.has_error() ? ignored_for(decoded.error()) : reason_to_ignore(state_, *decoded);
  if (reason) {
    ++ignored_[static_cast<std::size_t>(*reason)];
    state_.next = Offset{value(record.offset) + 1};
    return std::optional<Record>{};
  }
  state_ = accept(state_, *decoded, head_after(state_.head, record.bytes), record.offset);
  return std::optional<Record>{*std::move(decoded)};
}

}  // namespace countersign::bus
