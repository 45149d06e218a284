#include "adapters/messages/sms_segments.h"

#include <cstdint>
#include <string>
#include <vector>

namespace countersign::messages {
namespace {

struct Capacity {
  std::size_t alone, joined;  ///< units of a text that is one segment, and of each of several
};
constexpr Capacity septets{160, 153}, ucs_2_units{70, 67};

/// The code points of UTF-8 text.
std::u32string characters(std::string_view text) {
  std::u32string found;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<std::uint8_t>(text[at]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t point = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t next = 1; next < length && at + next < text.size(); ++next)
      point = point << 6 | (static_cast<std::uint8_t>(text[at + next]) & 0x3fU);
    found += point;
    at += length;
  }
  return found;
}

/// TS 23.038, section 6.2.1 and 6.2.1.1; 0: not in the alphabet.
std::size_t septets_of(char32_t character) {
  static const std::u32string_view plain =
      U"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
      U"abcdefghijklmnopqrstuvwxyzäöñüà";
  static const std::u32string_view extended = U"\f^{}\\[~]|€";
  if (plain.find(character) != plain.npos) return 1;
  return extended.find(character) != extended.npos ? 2 : 0;
}

SmsSize filled(SmsAlphabet alphabet, const std::vector<std::size_t>& units, Capacity capacity) {
  SmsSize size{alphabet, 0, 0};
  for (const auto each : units) size.units += each;
  if (size.units <= capacity.alone) {
    size.segments = size.units == 0 ? 0 : 1;
    return size;
  }
  std::size_t left = 0;
  for (const auto each : units) {
    if (each > left) {
      ++size.segments;
      left = capacity.joined;
    }
    left -= each;
  }
  return size;
}

}  // namespace

SmsSize sms_size(std::string_view text) {
  const auto points = characters(text);
  std::vector<std::size_t> units;
  units.reserve(points.size());
  for (const char32_t point : points) {
    units.push_back(septets_of(point));
    if (units.back() != 0) continue;
    units.clear();
    for (const char32_t each : points) units.push_back(each > 0xffff ? 2 : 1);
    return filled(SmsAlphabet::ucs_2, units, ucs_2_units);
  }
  return filled(SmsAlphabet::gsm_7bit, units, septets);
}

}  // namespace countersign::messages
