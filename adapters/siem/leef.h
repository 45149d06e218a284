#pragma once
// Events as IBM's Log Event Extended Format, LEEF:2.0 (QRadar LEEF format guide, version 2): six header fields between
// pipes, the last of which names TAB as what stands between the key=value pairs.
//
// The format has no escapes: CR, LF, TAB and all other misleading characters are shown by their numbers, so that a
// value can't end its field or its line. An equals sign may stand in a value: a key ends at the first one. Values are
// cut at 4,000 bytes.

#include <string>
#include <string_view>

#include "adapters/queries/rendered_event.h"

namespace countersign::siem {

std::string leef(const queries::RenderedEvent& event, std::string_view cursor = {});

}  // namespace countersign::siem
