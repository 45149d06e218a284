#include "adapters/http/api/siem_destination_rendering.h"

#include "adapters/exports/receiver.h"
#include "adapters/exports/rewind_window.h"
#include "adapters/http/api/rendering.h"
#include "adapters/queries/position_text.h"

namespace countersign::http {
namespace {

namespace json = boost::json;
using exports::RewindWindow;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value position_of(const exports::DestinationStatus& status, const bus::LogIdentity& log) {
  if (value(status.frame) == 0) return nullptr;
  return json::value(queries::text_of({log, status.frame}));
}

json::object status_of(const exports::DestinationStatus& status, const bus::LogIdentity& log) {
  return {{"state", state_text(status)},
          {"position", position_of(status, log)},
          {"sequence", status.sequence},
          {"lag_events", status.lag_events},
          {"lag_seconds", static_cast<double>(status.lag_ms) / 1000},
          {"last_error", text_or_null(status.last_error)},
          {"last_delivery_at", time_or_null(status.last_delivery_at)},
          {"next_attempt_at", time_or_null(status.next_attempt_at)},
          {"delivered", status.delivered}};
}

}  // namespace

std::string_view state_text(const exports::DestinationStatus& status) {
  if (status.paused) return "paused";
  return status.failing ? "failing" : "active";
}

void put_guarantee(json::object& out, const domain::SiemDestination& row) {
  out["rewind_window"] = nullptr;
  switch (push::guarantee_of(exports::protocol_of(row.traits.protocol))) {
    case push::Guarantee::at_least_once:
      out["guarantee"] = "at_least_once";
      out["promise"] =
          "The receiver acknowledges: every event arrives, in order; after a failure some arrive again, with the same "
          "id.";
      return;
    case push::Guarantee::rewinding:
      out["guarantee"] = "rewinding";
      out["promise"] =
          "The receiver acknowledges nothing. A new connection repeats what was handed over in the 30 s before the "
          "last hand-over, at least the last 100 and at most the last 10,000 events; what was lost before that is not "
          "noticed.";
      out["rewind_window"] = {{"seconds", RewindWindow::reach.count()}, {"events", RewindWindow::most_events}};
      return;
    case push::Guarantee::best_effort:
      out["guarantee"] = "best_effort";
      out["promise"] = "Each event is sent once, as a datagram; what is lost on the way is not noticed.";
      return;
  }
}

json::object render(const domain::SiemDestination& row, const domain::SiemConfiguration& configuration,
                    const exports::DestinationStatus& status, const bus::LogIdentity& log) {
  json::object out{{"id", row.id.text()},
                   {"name", text_or_null(configuration.name)},
                   {"protocol", push::protocol_name(exports::protocol_of(row.traits.protocol))},
                   {"host", text_or_null(configuration.host)},
                   {"port", configuration.port == 0 ? json::value(nullptr) : json::value(configuration.port)},
                   {"url", text_or_null(configuration.url)},
                   {"tls", row.traits.tls},
                   {"format", siem::format_name(exports::format_of(row.traits.format))},
                   {"filter", text_or_null(configuration.filter)},
                   {"checkpoints", row.traits.checkpoints},
                   {"authorities", text_or_null(configuration.authorities)},
                   {"client_certificate", text_or_null(configuration.client_certificate)},
                   {"created_at", time_or_null(row.created_at)},
                   {"updated_at", time_or_null(row.updated_at)},
                   {"version", row.version}};
  put_guarantee(out, row);
  out["status"] = status_of(status, log);
  return out;
}

json::object projection_of(const exports::DestinationStatus& status, const bus::LogIdentity& log) {
  auto state = state_text(status);
  if (state == "active") state = status.lag_events > 0 ? "catching-up" : "current";
  return {{"name", "siem_destination"},
          {"destination_id", status.id.text()},
          {"version", status.version},
          {"status", state},
          {"position", position_of(status, log)},
          {"frame", value(status.frame)},
          {"lag_events", status.lag_events},
          {"lag_seconds", static_cast<double>(status.lag_ms) / 1000},
          {"last_error", text_or_null(status.last_error)},
          {"parked_events", 0}};
}

}  // namespace countersign::http
