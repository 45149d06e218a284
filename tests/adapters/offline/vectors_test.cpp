// docs/offline-activation-vectors.json is what this code makes. COUNTERSIGN_WRITE_VECTORS=1 writes it anew, which a
// released protocol must never need.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>

#include "adapters/offline/ceremony.h"
#include "adapters/offline/typed_text.h"

namespace countersign::offline {
namespace {

namespace json = boost::json;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes)
    for (const int shift : {4, 0}) text += "0123456789abcdef"[static_cast<std::uint8_t>(byte) >> shift & 15];
  return text;
}
domain::Uuid uuid_of(std::uint8_t first) {
  domain::Uuid uuid;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) uuid.bytes[i] = static_cast<std::uint8_t>(first + i);
  return uuid;
}
keys::Key key_of(std::uint8_t first) {
  keys::Key key;
  for (std::size_t i = 0; i < keys::Key::size_bytes; ++i) key.data()[i] = static_cast<std::uint8_t>(first + i);
  return key;
}

json::object vector(std::uint8_t number, SecondMessage offer, const std::string& user_name) {
  const FirstMessage first{uuid_of(number), {uuid_of(0x20)}, {uuid_of(0x40)}, 1'790'000'000'000,
                           "VDS0700123",    "Example",       user_name};
  const Registration registration{first.registration, first.account, first.user, bus::sha256(encode(first))};
  const auto secret = key_of(static_cast<std::uint8_t>(0x60 + number));
  const auto device = key_of(static_cast<std::uint8_t>(0xa0 + number));
  const auto agreed = agree(registration, secret.view(), x25519_public(device), offer).value();
  return {{"secret", hex(secret.view())},
          {"registration", hex(first.registration.view())},
          {"account", hex(first.account.uuid.view())},
          {"user", hex(first.user.uuid.view())},
          {"expires_at", first.expires_at},
          {"serial_number", first.serial_number},
          {"account_name", first.account_name},
          {"user_name", first.user_name},
          {"first_picture", picture_text(encode(first))},
          {"activation_password", activation_password(secret.view(), first.registration)},
          {"device_secret_key", hex(device.view())},
          {"device_code", device_code(x25519_public(device), first.registration)},
          {"instance_serial_number", offer.serial_number},
          {"type", domain::type_text(offer.type)},
          {"algorithm", static_cast<unsigned>(offer.algorithm)},
          {"digits", offer.digits},
          {"period", offer.period},
          {"second_picture", picture_text(agreed.second_message)},
          {"signature", typed_text(agreed.signature)},
          {"seed", hex(agreed.seed)}};
}

TEST(Vectors, AreWhatTheCodeMakes) {
  using enum domain::AuthenticatorType;
  const json::array made{vector(1, {{}, {}, "VDS0700123-1", totp, domain::OtpAlgorithm::sha1, 6, 30}, "Ada Lovelace"),
                         vector(2, {{}, {}, "VDS0700123-2", hotp, domain::OtpAlgorithm::sha256, 8, 0}, "J\xc3\xbcrgen"),
                         vector(3, {{}, {}, "VDS0700123-3", totp, domain::OtpAlgorithm::sha512, 8, 60}, "")};
  if (std::getenv("COUNTERSIGN_WRITE_VECTORS")) {
    std::ofstream out(COUNTERSIGN_VECTORS);
    out << "[";
    for (std::size_t i = 0; i < made.size(); ++i) {
      out << (i ? ",\n {" : "\n {");
      const char* before = "\n  ";
      for (const auto& [name, value] : made[i].get_object()) {
        out << before << json::value(name) << ": " << value;
        before = ",\n  ";
      }
      out << "\n }";
    }
    out << "\n]\n";
  }
  std::ifstream in(COUNTERSIGN_VECTORS);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(json::parse(text), json::value(made));
}

}  // namespace
}  // namespace countersign::offline
