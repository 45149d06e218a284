#include "bus/position_check.h"

#include <algorithm>

namespace countersign::bus {
namespace {

constexpr std::size_t chunk_bytes = 4 << 20;
constexpr std::int64_t first_look_back = 64;

/// Said outright: an error_code would also convert to bool.
boost::system::result<bool> unread(const boost::system::error_code& error) {
  return {boost::system::in_place_error, error};
}

/// What a reader would know behind this frame or release, had it counted; nothing for a claim, which doesn't say what
/// it follows.
std::optional<AcceptanceState> state_behind(const Record& record, std::string_view bytes) {
  const auto behind = [bytes](const auto& link) {
    AcceptanceState state;
    state.term = link.term;
    state.nonce = link.nonce;
    state.last = link.number;
    state.head = head_after(link.previous, bytes);
    return state;
  };
  if (const auto* frame = std::get_if<Frame>(&record)) return behind(*frame);
  if (std::holds_alternative<Claim>(record)) return std::nullopt;
  auto state = behind(std::get<Release>(record));
  state.released = true;
  return state;
}

/// Whether a reader that begins behind the first frame at or after `from` comes to the state.
boost::system::result<bool> comes_to(PartitionLog& log, const LogIdentity& identity, std::string_view log_key,
                                     Offset from, const AcceptanceState& state) {
  Acceptance reader(identity, log_key, {});
  bool begun = value(from) == 0;
  while (from < state.next) {
    const auto read = log.read(from, chunk_bytes);
    if (read.has_error()) return unread(read.error());
    if (read->empty()) break;
    for (const auto& at : *read) {
      if (at.offset >= state.next) break;
      if (begun) {
        if (const auto taken = reader.take(at); taken.has_error()) return unread(taken.error());
      } else if (const auto record = reader.codec().decode(at.bytes); record.has_value()) {
        const auto behind = state_behind(*record, at.bytes);
        if (behind) reader.set(*behind);
        begun = behind.has_value();
      }
    }
    from = Offset{value(read->back().offset) + 1};
  }
  const auto& found = reader.state();
  return found.head == state.head && found.last == state.last && found.term == state.term &&
         found.nonce == state.nonce && found.released == state.released;
}

}  // namespace

boost::system::result<bool> leads_to(PartitionLog& log, const LogIdentity& identity, std::string_view log_key,
                                     const AcceptanceState& state) {
  const auto end = log.end();
  if (end.has_error()) return unread(end.error());
  if (state.next > *end) return false;
  // The first frame that is found need not count: then from further back.
  for (auto back = first_look_back;; back *= 8) {
    const Offset from{std::max<std::int64_t>(0, value(state.next) - back)};
    const auto comes = comes_to(log, identity, log_key, from, state);
    if (comes.has_error() || *comes || value(from) == 0) return comes;
  }
}

}  // namespace countersign::bus
