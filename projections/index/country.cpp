#include "projections/index/country.h"

#include <string_view>

namespace countersign::projections {
namespace {

/// In their order, two letters each.
constexpr std::string_view countries =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCR"
    "CUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU"
    "IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ"
    "MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
    "SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";
constexpr std::uint8_t other = 255;

std::uint16_t country_at(std::size_t i) {
  return static_cast<std::uint16_t>(countries[2 * i] << 8 | countries[2 * i + 1]);
}

}  // namespace

std::uint8_t country_byte(std::uint16_t country) {
  if (country == 0) return 0;
  std::size_t low = 0, high = countries.size() / 2;
  while (low < high) {
    const auto middle = (low + high) / 2;
    if (country_at(middle) < country)
      low = middle + 1;
    else
      high = middle;
  }
  const bool found = low < countries.size() / 2 && country_at(low) == country;
  return found ? static_cast<std::uint8_t>(low + 1) : other;
}

std::string country_of_byte(std::uint8_t byte) {
  if (byte == 0) return {};
  if (byte > countries.size() / 2) return "ZZ";
  return std::string(countries.substr((byte - 1) * std::size_t{2}, 2));
}

}  // namespace countersign::projections
