#include "tools/replay/verify.h"

#include <map>

#include "adapters/keys/master_key.h"
#include "domain/event_catalogue.h"
#include "tools/replay/folding.h"
#include "tools/replay/head_checks.h"

namespace countersign::replay {
namespace {

std::string place(const Step& step) {
  return "the record at offset " + std::to_string(bus::value(step.at.offset));
}

/// A writer that has lost the log without knowing is part of its life; everything else that doesn't count is not.
bool harmless(bus::Ignored reason) {
  return reason == bus::Ignored::stale_claim || reason == bus::Ignored::wrong_term ||
         reason == bus::Ignored::wrong_nonce;
}

/// What all events of the log so far must fit.
class EventChecks {
 public:
  explicit EventChecks(HeadChecks& heads) : heads_(heads) {}
  /// Empty: the event is as it should be.
  std::string check(std::string_view bytes, const bus::Frame& frame) {
    const auto event = domain::EventView::parse(bytes);
    if (!event) return "can't be read: it is damaged, or of a later release";
    auto& last = sequences_[event->account()];
    if (event->sequence() != last + 1)
      return "of account " + account_text(event->account()) + " has sequence " + std::to_string(event->sequence()) +
             " after " + std::to_string(last);
    last = event->sequence();
    if (event->time() != bus::value(frame.time)) return "has another time than its frame";
    if (event->clear().commitment() == nullptr && !event->sealed().empty()) return "is sealed without a commitment";
    if (auto wrong = heads_.take(*event, bytes); !wrong.empty()) return "does not fit: " + wrong;
    return {};
  }
  std::size_t accounts() const { return sequences_.size(); }

 private:
  HeadChecks& heads_;
  std::map<domain::AccountId, std::uint64_t> sequences_;
};

void check_frame(const bus::Frame& frame, EventChecks& checks, Verified& result) {
  for (std::size_t i = 0; i < frame.events.size() && !result.wrong; ++i) {
    const auto wrong = checks.check(frame.events[i], frame);
    if (!wrong.empty())
      result.wrong = "frame " + std::to_string(bus::value(frame.number)) + ": event " + std::to_string(i + 1) + " of " +
                     std::to_string(frame.events.size()) + " " + wrong;
    ++result.events;
  }
}

void check_views(const Source& source, Verified& result, const Progress& progress) {
  const auto directory = source.directory / "views";
  if (!std::filesystem::exists(directory / "CURRENT")) {
    result.unchecked.push_back("the views: there are none in " + directory.string());
    return;
  }
  std::string found;
  bus::AcceptanceState position;
  try {
    const projections::Views views({.directory = directory.string(), .read_only = true});
    position = views.position();
    found = projections::fingerprint(views);
  } catch (const std::exception& error) {
    result.unchecked.push_back(std::string("the views: ") + error.what());
    return;
  }
  AuditedLog again(source);
  ScratchViews own;
  fold(
      again, *own, [&](const bus::Frame& frame) { return frame.number <= position.last; }, progress);
  // A claim or a release (which a server writes when it stops) moves the position too, but no row.
  if (own->position().last < position.last || projections::fingerprint(*own) != found)
    result.wrong = "the views differ from a fold of the log up to frame " + std::to_string(bus::value(position.last)) +
                   ": run countersign-replay rebuild";
  else
    result.views_equal = true;
}

}  // namespace

Verified verify(const Source& source, const Progress& progress, const std::filesystem::path& checkpoint) {
  Verified result;
  // The heads first: a running server signs what it has written, so the log that is opened afterwards has all of it.
  auto heads = [&] {
    const AuditedLog keys_of(source);
    return HeadChecks(source.directory, keys_of.keys(), checkpoint);
  }();
  AuditedLog log(source);
  if (!log.keys()) {
    result.unchecked.push_back("the HMAC of every record: " + log.why_no_keys());
  }
  EventChecks checks(heads);
  while (const auto* step = log.next()) {
    ++result.records;
    if (step->ignored) {
      if (harmless(*step->ignored)) {
        ++result.superseded;
        continue;
      }
      result.wrong = place(*step) + " does not count: " + std::string(bus::name(*step->ignored)) + " (after frame " +
                     std::to_string(bus::value(step->after.last)) + ")";
      break;
    }
    if (const auto* frame = step->frame()) {
      ++result.frames;
      check_frame(*frame, checks, result);
      if (result.wrong) break;
      if (progress) progress(result.frames, result.events);
    }
  }
  if (!result.wrong && log.state().last < log.acknowledged())
    result.wrong = "the log counts up to frame " + std::to_string(bus::value(log.state().last)) + ", but frame " +
                   std::to_string(bus::value(log.acknowledged())) + " was acknowledged";
  for (const auto& wrong : {heads.finish(), heads.flaw()})
    if (!result.wrong && !wrong.empty()) result.wrong = wrong;
  if (!result.wrong) result.signed_heads = heads.heads();
  result.unchecked.insert(result.unchecked.end(), heads.unchecked().begin(), heads.unchecked().end());
  result.accounts = checks.accounts();
  result.head = keys::hex(bus::view(log.state().head));
  if (!result.wrong) {
    try {
      check_views(source, result, progress);
    } catch (const std::exception& error) {
      result.wrong = error.what();
    }
  }
  return result;
}

}  // namespace countersign::replay
