#include "adapters/otp/qr_code.h"

#include <png.h>

#include <cstdint>
#include <qrcodegen.hpp>
#include <stdexcept>

namespace countersign::otp {
namespace {

constexpr int quiet = 4;

qrcodegen::QrCode encoded(std::string_view content) {
  using qrcodegen::QrSegment;
  const std::string text(content);
  const bool is_text = content.find('\0') == std::string_view::npos;
  const auto segments = is_text ? QrSegment::makeSegments(text.c_str())
                                : std::vector{QrSegment::makeBytes({content.begin(), content.end()})};
  return qrcodegen::QrCode::encodeSegments(segments, qrcodegen::QrCode::Ecc::MEDIUM);
}

}  // namespace

std::optional<QrCode> QrCode::of(std::string_view content) {
  try {
    const auto code = encoded(content);
    QrCode made;
    made.side_ = code.getSize() + 2 * quiet;
    for (int y = 0; y < made.side_; ++y)
      for (int x = 0; x < made.side_; ++x) made.modules_.push_back(code.getModule(x - quiet, y - quiet));
    return made;
  } catch (const qrcodegen::data_too_long&) {
    return std::nullopt;
  }
}

std::optional<std::string> QrCode::svg(int size) const {
  if (size != 0 && size < side_) return std::nullopt;
  const auto side = std::to_string(side_);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" ";
  if (size != 0) svg += "width=\"" + std::to_string(size) + "\" height=\"" + std::to_string(size) + "\" ";
  svg += "viewBox=\"0 0 " + side + " " + side + "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h" +
         side + "v" + side + "H0z\"/><path d=\"";
  for (int y = 0; y < side_; ++y)
    for (int x = 0; x < side_; ++x)
      if (is_dark(x, y)) svg += "M" + std::to_string(x) + " " + std::to_string(y) + "h1v1h-1z";
  return svg + "\"/></svg>";
}

std::optional<std::string> QrCode::png(int size) const {
  if (size < side_) return std::nullopt;
  const int scale = size / side_, margin = (size - scale * side_) / 2;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size) * static_cast<std::size_t>(size), 0xff);
  for (int y = 0; y < scale * side_; ++y)
    for (int x = 0; x < scale * side_; ++x)
      if (is_dark(x / scale, y / scale)) pixels[static_cast<std::size_t>((y + margin) * size + x + margin)] = 0;
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(size);
  image.format = PNG_FORMAT_GRAY;
  std::string out(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t bytes = out.size();
  if (!png_image_write_to_memory(&image, out.data(), &bytes, 0, pixels.data(), 0, nullptr))
    throw std::runtime_error(std::string("a picture can't be made: ") + image.message);
  out.resize(bytes);
  return out;
}

}  // namespace countersign::otp
