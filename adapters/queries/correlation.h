#pragma once
// Correlation ids as events hold them: 32 hexadecimal digits are the 16 bytes; any other id that a proxy gave is stood
// for by the first half of its SHA-256.

#include <string>
#include <string_view>

#include "domain/ids.h"

namespace countersign::queries {

domain::Uuid correlation_uuid(std::string_view text);
/// 32 hexadecimal digits; empty for none.
std::string correlation_text(const domain::Uuid& uuid);

}  // namespace countersign::queries
