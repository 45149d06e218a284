#include "adapters/siem/occurrence.h"

#include "adapters/queries/rfc3339.h"
#include "adapters/siem/mapping.h"

namespace countersign::siem {

std::optional<Occurrence> occurrence(const queries::RenderedEvent& event) {
  using enum domain::fb::EventType;
  if (event.type != registration_code_redemption_refused && event.type != api_key_refused) return std::nullopt;
  const auto* count = event.details.if_contains("count");
  if (!count || !count->is_number()) return std::nullopt;
  Occurrence out{count->to_number<std::uint64_t>(), std::nullopt};
  if (const auto* since = event.details.if_contains("since"); since && since->is_string())
    out.since = queries::parse_rfc3339(since->get_string());
  return out;
}

std::string message(const queries::RenderedEvent& event) {
  std::string text(mapping_of(event.type).title);
  if (!event.reason.empty()) text.append(": ").append(event.reason);
  return text;
}

}  // namespace countersign::siem
