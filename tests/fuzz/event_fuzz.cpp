// Event bytes from outside: parsing, rendering of everything clear and personal parts must neither crash nor read
// beyond them, and what is believed must come out the same when encoded again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "domain/event.h"
#include "domain/event_catalogue.h"
#include "projections/merkle_leaf.h"
#include "projections/rows.h"

using namespace countersign;

namespace {

void walk(const domain::EventView& event, std::string_view bytes) {
  (void)domain::account_text(event.account());
  (void)event.id().text();
  (void)event.actor();
  (void)event.subject();
  (void)event.target();
  (void)domain::EventView::to_digest(event.clear().commitment());
  // The object API touches every field of every payload.
  const std::unique_ptr<domain::fb::ClearT> unpacked(event.clear().UnPack());
  if (unpacked->sequence != event.sequence()) std::abort();
  const std::string again = domain::encode_event(event.clear_bytes(), event.sealed());
  const auto reparsed = domain::EventView::parse(again);
  if (!reparsed || reparsed->clear_bytes() != event.clear_bytes() || reparsed->sealed() != event.sealed()) std::abort();
  const auto run = projections::encode_event_run(bus::FrameNumber{1}, {std::string(bytes)});
  if (projections::decode_event_run(run).events.front() != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);  // aligned as FlatBuffers want it
  if (const auto event = domain::EventView::parse(bytes)) walk(*event, bytes);
  if (const auto personal = domain::parse_personal(bytes)) {
    const auto again = domain::parse_personal(domain::encode_personal(*personal));
    if (!again || !(*again == *personal)) std::abort();
  }
  // The same bytes as the clear part, so that the outer table needs no luck.
  const std::string wrapped = domain::encode_event(bytes, {});
  if (const auto event = domain::EventView::parse(wrapped)) walk(*event, wrapped);
  return 0;
}
