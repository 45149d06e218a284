#include "tools/replay/history.h"

#include <stdexcept>

#include "tools/replay/reading_ahead.h"

namespace countersign::replay {

Reached walk(AuditedLog& log, domain::AccountId account, const Moment& until, const VisitEvent& visit,
             const Progress& progress) {
  until.require_of(log.identity());
  Reached reached;
  std::uint64_t read = 0;
  ReadingAhead ahead(log);
  while (const auto* step = ahead.next()) {
    const auto* frame = step->frame();
    if (!frame) continue;
    if (!until.reaches(*frame)) return reached;
    for (const auto bytes : frame->events) {
      const auto event = domain::EventView::parse(bytes);
      if (!event)
        throw std::runtime_error("frame " + std::to_string(bus::value(frame->number)) +
                                 " holds an event that can't be read: it is damaged, or of a later release");
      ++read;
      if (event->account() != account) continue;
      if (!until.covers(*event)) return reached;
      reached = {frame->number, event->time(), reached.events + 1};
      if (!visit(*event, bytes, frame->number) || until.ends_with(*event)) return reached;
    }
    reached.frame = frame->number;
    reached.time = bus::value(frame->time);
    if (progress) progress(bus::value(frame->number), read);
  }
  return reached;
}

FoldedAccount fold_account(AuditedLog& log, domain::AccountId account, const Moment& at, const Progress& progress) {
  FoldedAccount folded{AccountFold(account), {}, 0};
  folded.reached = walk(
      log, account, at,
      [&](const domain::EventView& event, std::string_view, bus::FrameNumber) {
        folded.state.take(event);
        return true;
      },
      progress);
  if (const auto sequence = at.sequence(); sequence && *sequence > folded.reached.events)
    throw std::runtime_error(account_text(account) + " has " + std::to_string(folded.reached.events) +
                             " events, and none with sequence " + std::to_string(*sequence));
  folded.now = at.time().value_or(folded.reached.time);
  return folded;
}

}  // namespace countersign::replay
