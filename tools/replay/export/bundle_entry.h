#pragma once
// One event of a bundle, a JSON object a line (docs/adr/0012): the event's bytes as they were logged, the proof that
// the signed head includes them (RFC 6962), the key of this one event or why it isn't there, and the names that the
// rendered line shows, which nothing proves.
//
//   {"sequence", "event", "proof": [...], "key", "withheld", "names": {"actor", "subject", "target"}, "position"}
//
// Bytes are in base 64.

#include <optional>
#include <string>
#include <vector>

#include "adapters/queries/event_rendering.h"
#include "projections/merkle/tree_hash.h"
#include "tools/replay/export/disclosure.h"

namespace countersign::replay {

struct BundleEntry {
  std::uint64_t sequence = 0;
  std::string event;
  std::vector<projections::TreeHash> proof;
  Disclosure disclosed;
  queries::DisplayNames names;  ///< UTF-8
  std::string position;
};

/// One line with its end.
std::string text_of(const BundleEntry& entry);
/// Nothing for what text_of() doesn't make.
std::optional<BundleEntry> parse_entry(std::string_view line);

/// The event as the rendered file shows it: with what the entry discloses and nothing else. Nothing when its key
/// doesn't open it.
std::optional<queries::RenderedEvent> rendered(const BundleEntry& entry, const domain::EventView& event);

}  // namespace countersign::replay
