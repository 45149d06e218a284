#include "tools/authenticator/picture.h"

#include <png.h>
#include <zbar.h>

#include <vector>

#include "tools/countersign/private_file.h"

namespace countersign::authenticator {
namespace {

constexpr png_uint_32 largest_side = 8'000;

struct Grey {
  unsigned width = 0, height = 0;
  std::vector<unsigned char> pixels;
};

Grey read_png(const std::filesystem::path& file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, file.c_str()))
    throw cli::LocalError(file.string() + ": is no PNG picture that can be read: " + image.message);
  if (image.width > largest_side || image.height > largest_side) {
    png_image_free(&image);
    throw cli::LocalError(file.string() + ": is larger than " + std::to_string(largest_side) + " pixels on a side.");
  }
  image.format = PNG_FORMAT_GRAY;
  Grey grey{image.width, image.height, std::vector<unsigned char>(PNG_IMAGE_SIZE(image))};
  const png_color white{255, 255, 255};
  if (!png_image_finish_read(&image, &white, grey.pixels.data(), 0, nullptr))
    throw cli::LocalError(file.string() + ": is a damaged PNG picture: " + image.message);
  return grey;
}

}  // namespace

std::string text_in_picture(const std::filesystem::path& file) {
  const auto grey = read_png(file);
  zbar::ImageScanner scanner;
  scanner.set_config(zbar::ZBAR_NONE, zbar::ZBAR_CFG_ENABLE, 0);
  scanner.set_config(zbar::ZBAR_QRCODE, zbar::ZBAR_CFG_ENABLE, 1);
  zbar::Image image(grey.width, grey.height, "Y800", grey.pixels.data(), grey.pixels.size());
  scanner.scan(image);
  std::vector<std::string> texts;
  for (auto symbol = image.symbol_begin(); symbol != image.symbol_end(); ++symbol) texts.push_back(symbol->get_data());
  image.set_data(nullptr, 0);
  if (texts.empty()) throw cli::LocalError(file.string() + ": no QR code was found in this picture.");
  if (texts.size() > 1) throw cli::LocalError(file.string() + ": there is more than one QR code in this picture.");
  return texts.front();
}

}  // namespace countersign::authenticator
