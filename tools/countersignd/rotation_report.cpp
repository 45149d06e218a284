#include "tools/countersignd/rotation_report.h"

#include "adapters/queries/stored_event.h"
#include "bus/format.h"
#include "domain/record.h"

namespace countersign::server {
namespace {

/// The event's correlation id is the rotation's name in the key store.
bool is_in_the_log(const projections::Views& views, const domain::Uuid& rotation) {
  bool found = false;
  views.events_back(domain::system_account(), ~0ull, [&](std::string_view bytes, bus::FrameNumber frame) {
    const auto event = queries::stored_event(bytes, frame);
    found = event.type() == domain::EventType::master_key_rotated &&
            domain::EventView::to_uuid(event.clear().correlation()) == rotation;
    return !found;
  });
  return found;
}

boost::system::error_code report(const RotationReport& parts, const domain::Uuid& rotation) {
  if (!is_in_the_log(parts.views, rotation)) {
    auto call = parts.call;
    call.context.correlation = rotation;
    const auto outcome = parts.submitter.wait(
        std::move(call), domain::RecordServer{domain::EventType::master_key_rotated, bus::this_release(), parts.node});
    if (!outcome.ok()) return outcome.settlement.error;
  }
  return parts.keys.rotation_reported(rotation);
}

}  // namespace

void report_rotations(const RotationReport& parts, Log& log) {
  const auto rotations = parts.keys.unreported_rotations();
  auto error = rotations.has_error() ? rotations.error() : boost::system::error_code();
  if (!error)
    for (const auto& rotation : *rotations)
      if (!error) error = report(parts, rotation);
  if (error)
    log.write(LogLevel::warning, "a rotation of the master key is not yet in the log; the next start writes it",
              {{"reason", error.message()}});
}

}  // namespace countersign::server
