#pragma once
// The two messages of an activation without a network (docs/offline-activation.md): pictures that a server shows and a
// device scans. Bytes: a version, a kind, then fields; numbers big-endian, texts with a byte of length in front. As
// text, in the picture: "COUNTERSIGN:" and base 32, which QR codes hold in their alphanumeric mode.
//
// Neither has a secret in it. Concurrency: any thread.

#include <optional>
#include <string>
#include <string_view>

#include "adapters/offline/x25519.h"
#include "domain/authenticator.h"

namespace countersign::offline {

/// Longer texts are cut at a character's end.
inline constexpr std::size_t most_text_bytes = 64;

/// What is being registered for whom, until when.
struct FirstMessage {
  domain::Uuid registration;
  domain::AccountId account;
  domain::UserId user;
  domain::UnixMs expires_at = 0;
  std::string serial_number;  ///< of the licence
  std::string account_name, user_name;
  bool operator==(const FirstMessage&) const = default;
};

/// What the device is to make its passwords with, and the server's half of the key.
struct SecondMessage {
  domain::Uuid registration;
  PublicKey server{};
  std::string serial_number;  ///< of the authenticator
  domain::AuthenticatorType type = domain::AuthenticatorType::totp;
  domain::OtpAlgorithm algorithm = domain::OtpAlgorithm::sha1;
  std::uint8_t digits = 6;
  std::uint16_t period = 0;  ///< seconds; 0: it counts events
  bool operator==(const SecondMessage&) const = default;
};

std::string encode(const FirstMessage& message);
/// Without its authentication code (ceremony.h).
std::string encode(const SecondMessage& message);

/// Nothing for anything that encode() doesn't make.
std::optional<FirstMessage> parse_first_message(std::string_view bytes);
std::optional<SecondMessage> parse_second_message(std::string_view bytes);

std::string picture_text(std::string_view bytes);
std::optional<std::string> parse_picture_text(std::string_view text);

}  // namespace countersign::offline
