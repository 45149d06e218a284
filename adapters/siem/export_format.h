#pragma once
// One export core: an event, rendered once, in any of the formats that go out. Streams and whatever pushes events use
// this and nothing else, so that an event reads the same however it travels.
//
// A line never holds a line break and is UTF-8, whatever was in the event.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/queries/rendered_event.h"

namespace countersign::siem {

enum class ExportFormat { native, ocsf, ecs, cef, leef };
inline constexpr std::array all_formats{ExportFormat::native, ExportFormat::ocsf, ExportFormat::ecs, ExportFormat::cef,
                                        ExportFormat::leef};

/// "native", "ocsf", "ecs", "cef", "leef".
std::string_view format_name(ExportFormat format);
std::optional<ExportFormat> parse_format(std::string_view name);
/// Native, OCSF and ECS are one JSON object a line; CEF and LEEF are lines of text.
bool is_json(ExportFormat format);

/// The event as one line without its end. A cursor that is not empty stands in it: as `cursor` in native,
/// `unmapped.cursor` in OCSF, `countersign.cursor` in ECS, flexString1 in CEF, `cursor` in LEEF.
std::string line_of(ExportFormat format, const queries::RenderedEvent& event, std::string_view cursor = {});

}  // namespace countersign::siem
