#include "adapters/queries/correlation.h"

#include "bus/hash.h"

namespace countersign::queries {
namespace {
constexpr std::string_view digits = "0123456789abcdef";
}

domain::Uuid correlation_uuid(std::string_view text) {
  domain::Uuid uuid;
  if (text.size() == 32 && text.find_first_not_of(digits) == std::string_view::npos) {
    for (std::size_t i = 0; i < 16; ++i)
      uuid.bytes[i] = static_cast<std::uint8_t>(digits.find(text[2 * i]) << 4 | digits.find(text[2 * i + 1]));
    return uuid;
  }
  return domain::uuid_from(bus::view(bus::sha256(text)));
}

std::string correlation_text(const domain::Uuid& uuid) {
  std::string text;
  if (uuid.is_nil()) return text;
  for (const auto byte : uuid.bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace countersign::queries
