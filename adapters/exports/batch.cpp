#include "adapters/exports/batch.h"

#include "adapters/queries/stored_event.h"
#include "domain/event_catalogue.h"

namespace countersign::exports {
namespace {

using domain::EventType;

/// RFC 5424: of an event's severity.
unsigned syslog_severity(std::string_view severity) {
  if (severity == "critical") return 2;
  if (severity == "high") return 3;
  if (severity == "medium") return 4;
  return severity == "low" ? 5 : 6;
}

push::Message message_of(const queries::RenderedEvent& event, siem::ExportFormat format) {
  return {.line = siem::line_of(format, event),
          .id = event.id,
          .type = std::string(domain::name_of(event.type).name),
          .sequence = event.sequence,
          .time = event.time,
          .syslog_severity = syslog_severity(event.severity)};
}

Place place_of(const domain::EventView& event, bus::FrameNumber frame) {
  return {event.sequence(), frame, event.id(),
          event.type() != EventType::siem_destination_exported && event.type() != EventType::events_read};
}

}  // namespace

push::Message message_of(const siem::Notice& notice, siem::ExportFormat format) {
  return {.line = siem::line_of(format, notice),
          .id = notice.id,
          .type = std::string(notice.type),
          .sequence = 0,
          .time = notice.time,
          .syslog_severity = syslog_severity("informational")};
}

Batch read_batch(const projections::Views& views, domain::AccountId account, std::uint64_t after,
                 const queries::EventFilter& filter, siem::ExportFormat format, queries::EventRenderer& renderer,
                 const BatchLimits& limits) {
  Batch batch;
  std::size_t bytes = 0, looked_at = 0;
  views.events_from(account, after + 1, [&](std::string_view stored, bus::FrameNumber frame) {
    // What comes before an event that can't be read is sent first.
    if (batch.end.sequence > 0 && !domain::EventView::parse(stored)) return false;
    const auto event = queries::stored_event(stored, frame);
    batch.end = place_of(event, frame);
    if (filter.matches(event)) {
      batch.messages.push_back(message_of(renderer.describe(event, frame), format));
      batch.places.push_back(batch.end);
      bytes += batch.messages.back().line.size();
    }
    return batch.messages.size() < limits.events && bytes < limits.bytes && ++looked_at < limits.looked_at;
  });
  return batch;
}

}  // namespace countersign::exports
