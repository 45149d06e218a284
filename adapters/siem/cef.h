#pragma once
// Events as ArcSight's Common Event Format, CEF:0 (Implementing ArcSight Common Event Format, version 25): seven header
// fields between pipes, then key=value pairs of the format's own dictionary.
//
// Escaped as the format says: backslash and pipe in the header; backslash and equals sign in values, where CR and LF
// become \r and \n. Other misleading characters have no escape there and are shown by their numbers. Values are cut at
// the dictionary's lengths.

#include <string>
#include <string_view>

#include "adapters/queries/rendered_event.h"

namespace countersign::siem {

std::string cef(const queries::RenderedEvent& event, std::string_view cursor = {});

}  // namespace countersign::siem
