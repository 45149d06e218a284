// SCIM filters as strangers write them: refused with a position inside the text, or evaluated over an event.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "adapters/queries/event_filter.h"
#include "adapters/queries/rfc3339.h"

using namespace countersign;

namespace {

std::string an_event() {
  domain::NewEvent event{.type = domain::EventType::registration_code_used,
                         .subject = {domain::PartyKind::user, domain::uuid_from("0123456789abcdef")},
                         .target = {domain::PartyKind::registration_code, domain::uuid_from("fedcba9876543210")}};
  domain::EventStamp stamp;
  stamp.id.uuid = stamp.account.uuid = domain::uuid_from("aaaaaaaaaaaaaaaa");
  stamp.sequence = 7;
  stamp.time = 1'790'000'000'000;
  return domain::encode_event(domain::encode_clear(event, stamp), {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string bytes = an_event();
  static const auto event = domain::EventView::parse(bytes);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = queries::EventFilter::parse(text);
  if (const auto* error = std::get_if<queries::FilterError>(&parsed)) {
    if (error->detail.empty() || error->position > text.size()) std::abort();
  } else {
    (void)std::get<queries::EventFilter>(parsed).matches(*event);
  }
  if (const auto time = queries::parse_rfc3339(text); time && queries::parse_rfc3339(queries::rfc3339(*time)) != time)
    std::abort();
  return 0;
}
