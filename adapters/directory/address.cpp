#include "adapters/directory/address.h"

#include <idn2.h>

#include <array>

#include "adapters/directory/text_checks.h"

namespace countersign::directory {
namespace {

constexpr std::size_t most_bytes = 254, most_local_bytes = 64, most_label_bytes = 63, most_domain_bytes = 253;

constexpr auto atom_characters = [] {
  std::array<bool, 256> allowed{};
  for (const char c :
       std::string_view("!#$%&'*+-/=?^_`{|}~.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    allowed[static_cast<unsigned char>(c)] = true;
  }
  for (int i = 0x80; i < 0x100; ++i) allowed[static_cast<std::size_t>(i)] = true;
  return allowed;
}();

bool is_local_part(std::string_view text) {
  if (text.empty() || text.size() > most_local_bytes) return false;
  if (text.front() == '.' || text.back() == '.' || text.find("..") != text.npos) return false;
  for (const char c : text) {
    if (!atom_characters[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool is_host_label(std::string_view label) {
  if (label.empty() || label.size() > most_label_bytes || label.front() == '-' || label.back() == '-') return false;
  for (const char c : label) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

bool is_host_name(std::string_view domain) {
  if (domain.size() > most_domain_bytes || domain.find('.') == domain.npos) return false;
  while (true) {
    const std::size_t dot = domain.find('.');
    if (!is_host_label(domain.substr(0, dot))) return false;
    if (dot == domain.npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

// Empty when it has no ASCII form.
std::string ascii_domain(std::string_view domain) {
  const bool punycode = domain.find("xn--") != domain.npos || domain.find("XN--") != domain.npos;
  if (is_ascii(domain) && !punycode) return to_lower_ascii(domain);
  char* converted = nullptr;
  const int result = idn2_to_ascii_8z(std::string(domain).c_str(), &converted,
                                      IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT | IDN2_USE_STD3_ASCII_RULES);
  std::string ascii = result == IDN2_OK ? to_lower_ascii(converted) : std::string();
  idn2_free(converted);
  return ascii;
}

NormalAddress failed(AddressError error) {
  return {{}, error, false};
}

}  // namespace

std::string_view code_of(AddressError error) {
  switch (error) {
    case AddressError::missing: return "email-missing";
    case AddressError::invalid: return "email-invalid";
    case AddressError::too_long: return "email-too-long";
  }
  return "email-invalid";
}

std::string_view text_of(AddressError error) {
  switch (error) {
    case AddressError::missing: return "an e-mail address is required";
    case AddressError::invalid: return "not an e-mail address";
    case AddressError::too_long: return "longer than 254 bytes";
  }
  return "not an e-mail address";
}

NormalAddress normalise_address(std::string_view typed) {
  const std::string_view trimmed = trim(typed);
  if (trimmed.empty()) return failed(AddressError::missing);
  // A multiple of the limit: no normal form of something longer is short enough to be worth the work.
  if (trimmed.size() > 4 * most_bytes) return failed(AddressError::too_long);
  const auto normal = to_nfc(trimmed);
  if (!normal) return failed(AddressError::invalid);
  if (count_characters(*normal) > most_bytes) return failed(AddressError::too_long);
  const std::size_t at = normal->find('@');
  if (at == normal->npos || has_control_character(*normal)) return failed(AddressError::invalid);
  const std::string_view local = std::string_view(*normal).substr(0, at);
  const std::string domain = ascii_domain(std::string_view(*normal).substr(at + 1));
  if (!is_local_part(local) || !is_host_name(domain)) return failed(AddressError::invalid);
  NormalAddress address{to_lower(local) + '@' + domain, {}, true};
  return address.text.size() > most_bytes ? failed(AddressError::too_long) : address;
}

}  // namespace countersign::directory
