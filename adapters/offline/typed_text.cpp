#include "adapters/offline/typed_text.h"

#include "adapters/keys/rfc4648.h"
#include "bus/hash.h"

namespace countersign::offline {
namespace {

constexpr std::size_t checksum_bytes = 3;
constexpr std::size_t longest_typed = 200;

std::string checksum(std::string_view device, const domain::Uuid& registration) {
  bus::Sha256 hash;
  const auto digest = hash.update(std::string_view("countersign offline 1 device code"))
                          .update(registration.view())
                          .update(device)
                          .finish();
  return std::string(bus::view(digest).substr(0, checksum_bytes));
}

std::string_view view(const PublicKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

}  // namespace

std::string typed_text(std::string_view bytes) {
  const auto letters = keys::base32(bytes);
  std::string text;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i > 0 && i % 4 == 0) text += '-';
    text += letters[i];
  }
  return text;
}

std::optional<std::string> parse_typed_text(std::string_view text, std::size_t bytes) {
  if (text.size() > longest_typed) return std::nullopt;
  std::string letters(text);
  for (auto& letter : letters) {
    if (letter == '0') letter = 'O';
    if (letter == '1') letter = 'I';
    if (letter == '8') letter = 'B';
  }
  auto parsed = keys::parse_base32(letters);
  if (!parsed || parsed->size() != bytes) return std::nullopt;
  return parsed;
}

std::string device_code(const PublicKey& device, const domain::Uuid& registration) {
  return typed_text(std::string(view(device)) + checksum(view(device), registration));
}

std::optional<PublicKey> parse_device_code(std::string_view text, const domain::Uuid& registration) {
  PublicKey device;
  const auto bytes = parse_typed_text(text, device.size() + checksum_bytes);
  if (!bytes) return std::nullopt;
  const auto key = std::string_view(*bytes).substr(0, device.size());
  if (bytes->substr(device.size()) != checksum(key, registration)) return std::nullopt;
  std::copy(key.begin(), key.end(), device.begin());
  return device;
}

}  // namespace countersign::offline
