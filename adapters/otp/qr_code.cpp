#include "adapters/otp/qr_code.h"

#include <cstdint>
#include <qrcodegen.hpp>
#include <vector>

namespace countersign::otp {

std::optional<std::string> qr_svg(std::string_view content) {
  using qrcodegen::QrCode;
  constexpr int quiet = 4;
  try {
    const std::vector<std::uint8_t> bytes(content.begin(), content.end());
    const QrCode code = QrCode::encodeBinary(bytes, QrCode::Ecc::MEDIUM);
    const int size = code.getSize(), whole = size + 2 * quiet;
    const auto side = std::to_string(whole);
    std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + side + " " + side +
                      "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h" + side + "v" + side +
                      "H0z\"/><path d=\"";
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x)
        if (code.getModule(x, y))
          svg.append("M")
              .append(std::to_string(x + quiet))
              .append(" ")
              .append(std::to_string(y + quiet))
              .append("h1v1h-1z");
    return svg + "\"/></svg>";
  } catch (const qrcodegen::data_too_long&) {
    return std::nullopt;
  }
}

}  // namespace countersign::otp
