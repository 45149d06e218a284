#include "tests/sim/history.h"

#include <algorithm>
#include <map>
#include <set>

namespace countersign::sim {
namespace {

std::string before(const std::string& text, char mark) {
  return text.substr(0, text.find(mark));
}

struct Assignment {
  std::string row, value;
};

Assignment assignment_of(const std::string& event) {
  const std::string assignment = event.substr(event.find('|') + 1);
  const auto equals = assignment.find('=');
  return {assignment.substr(0, equals), assignment.substr(equals + 1)};
}

/// Not bus::Acceptance and not its verdicts: only the decoding is shared.
bool genuine(const std::string& bytes, const std::string& log_key) {
  if (bytes.size() < 64) return false;
  bus::HmacSha256 mac(log_key);
  const std::string_view all(bytes);
  return bus::view(mac(all.substr(0, bytes.size() - 32))) == all.substr(bytes.size() - 32);
}

void note(std::string& wrong, const std::string& what) {
  if (wrong.empty()) wrong = what;
}

/// Of what may happen once, or never be undone.
struct Tally {
  std::map<std::string, int> redemptions;
  std::map<std::string, std::set<std::string>> holders;  ///< of each licence
};

std::set<std::string> holders_in(const std::string& text) {
  std::set<std::string> all;
  for (std::size_t at = 1; at < text.size();) {
    const auto end = text.find(testing::holder_end, at);
    all.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

/// An activation is taken by the command that reserves it, or given back by one; the others stay whose they are.
void look_at_holders(History& history, const std::string& event, std::set<std::string>& holders) {
  const Assignment assignment = assignment_of(event);
  const auto now = holders_in(assignment.value);
  auto expected = holders;
  const auto gone = std::ranges::find_if(holders, [&now](const auto& holder) { return !now.contains(holder); });
  if (gone != holders.end()) {
    expected.erase(*gone);
  } else if (!expected.insert(before(event, '|')).second) {
    note(history.wrong, "an activation was given twice: " + event);
  }
  if (expected != now) note(history.wrong, "activations were lost or doubled: " + event);
  if (now.size() > testing::most_holders) note(history.wrong, "a licence has too many activations: " + event);
  holders = now;
}

void look_at_frame(History& history, const bus::Frame& frame, Tally& tally) {
  auto& redemptions = tally.redemptions;
  HistoricFrame historic{value(frame.number), value(frame.term), value(frame.time), {}, {}};
  historic.events.assign(frame.events.begin(), frame.events.end());
  historic.answers.assign(frame.answers.begin(), frame.answers.end());
  if (!history.frames.empty() && history.frames.back().time > historic.time) note(history.wrong, "time went back");
  if (history.state.released) note(history.wrong, "a frame follows the release of its term");
  int bulk = 0;
  for (const auto& event : historic.events) {
    const Assignment assignment = assignment_of(event);
    if (assignment.value.starts_with("used:") && ++redemptions[assignment.row] > 1) {
      note(history.wrong, "code " + assignment.row + " was redeemed twice");
    }
    if (assignment.row.starts_with("o:")) {
      auto& counter = redemptions[assignment.row];
      const int used = std::stoi(assignment.value) + 1;  // the counts of all others begin with 0, too
      if (used <= counter) note(history.wrong, "a one-time password of " + assignment.row + " was accepted again");
      counter = used;
    }
    if (assignment.row.starts_with("l:")) look_at_holders(history, event, tally.holders[assignment.row]);
    if (++redemptions["command " + before(event, '|')] > 1)
      note(history.wrong, "a command took effect twice: " + event);
    if (event.starts_with("bulk") && ++bulk > 1) note(history.wrong, "two bulk works in one frame");
    if (!event.starts_with("bulk") && bulk > 0) note(history.wrong, "bulk work ahead of others");
  }
  history.frames.push_back(std::move(historic));
}

}  // namespace

std::optional<std::uint64_t> History::frame_of(const std::string& command_id) const {
  for (const auto& frame : frames) {
    for (const auto& event : frame.events) {
      if (before(event, '|') == command_id) return frame.number;
    }
  }
  return std::nullopt;
}

bool History::had_value(const std::string& row, const std::string& value, std::uint64_t number) const {
  std::string current;
  for (const auto& frame : frames) {
    if (frame.number > number) break;
    if (frame.number == number && current == value) return true;
    for (const auto& event : frame.events) {
      const Assignment assignment = assignment_of(event);
      if (assignment.row == row) current = assignment.value;
      if (frame.number == number && current == value) return true;
    }
  }
  return current == value;
}

testing::Rows History::fold(std::uint64_t up_to) const {
  testing::Rows rows;
  for (const auto& frame : frames) {
    if (frame.number > up_to) break;
    for (const auto& event : frame.events) testing::fold_event(rows, event);
    for (const auto& answer : frame.answers) testing::fold_answer(rows, answer);
  }
  return rows;
}

History read_history(const std::vector<bus::LogRecord>& records, const bus::LogIdentity& identity,
                     const std::string& log_key) {
  History history;
  bus::FrameCodec codec(identity, log_key);
  Tally tally;
  bus::AcceptanceState& state = history.state;
  for (const bus::LogRecord& record : records) {
    if (value(state.next) > 0) history.states.push_back(state);
    state.next = bus::Offset{value(record.offset) + 1};
    if (!genuine(record.bytes, log_key)) continue;
    const auto decoded = codec.decode(record.bytes);
    if (decoded.has_error()) continue;
    const auto chained = [&state](const auto& link) {
      return link.term == state.term && link.nonce == state.nonce && value(link.number) == value(state.last) + 1 &&
             link.previous == state.head;
    };
    if (const auto* claim = std::get_if<bus::Claim>(&*decoded)) {
      if (claim->term <= state.term) continue;
      state.term = claim->term;
      state.nonce = claim->nonce;
      state.writer =
          std::make_shared<const bus::Writer>(bus::Writer{std::string(claim->node), std::string(claim->address)});
      state.released = false;
    } else if (const auto* frame = std::get_if<bus::Frame>(&*decoded)) {
      if (!chained(*frame)) continue;
      look_at_frame(history, *frame, tally);
      state.last = frame->number;
      state.time = frame->time;
      state.released = false;
    } else {
      const auto& release = std::get<bus::Release>(*decoded);
      if (!chained(release)) continue;
      state.last = release.number;
      state.released = true;
      history.frames.push_back({value(release.number), value(release.term), value(state.time), {}, {}});
    }
    state.head = bus::sha256(std::string(bus::view(state.head)) + record.bytes);
    std::visit([&state](const auto& any) { state.format = std::max(state.format, any.format); }, *decoded);
  }
  history.states.push_back(state);
  return history;
}

}  // namespace countersign::sim
