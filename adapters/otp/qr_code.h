#pragma once
// QR codes (ISO/IEC 18004) as SVG, dark on white with the quiet zone of four modules.

#include <optional>
#include <string>
#include <string_view>

namespace countersign::otp {

/// Nothing when it is too long for a code of medium error correction (2,331 bytes).
std::optional<std::string> qr_svg(std::string_view content);

}  // namespace countersign::otp
