#pragma once
// How a server and a device without a network come to a common seed (docs/offline-activation.md, protocol 1): by X25519
// (RFC 7748) and a password that stands in no picture, HKDF-SHA-256 (RFC 5869) over both and all that was shown.
//
// The server keeps one secret of 32 random bytes a registration; all that it shows or compares follows from that and
// from the device's code. So a step that is repeated, at whichever node, has the same answer.
//
// Concurrency: any thread.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "adapters/offline/messages.h"
#include "bus/hash.h"

namespace countersign::offline {

inline constexpr std::size_t secret_bytes = 32;
/// Letters that people type: 80 bits of password, 40 of signature.
inline constexpr std::size_t password_bytes = 10, signature_bytes = 5, mac_bytes = 16;

/// Of what the key store keeps for an authenticator: what its passwords are made from. One that came by a licence has
/// its registration's secret in front of it.
std::string_view otp_seed(const domain::Authenticator& authenticator, std::string_view kept);

/// Text for people.
std::string activation_password(std::string_view secret, const domain::Uuid& registration);

/// What both sides know of a registration's first message.
struct Registration {
  domain::Uuid id;
  domain::AccountId account;
  domain::UserId user;
  bus::Bytes32 first_message{};  ///< SHA-256 of its bytes
};

/// What both sides have in the end.
struct Agreement {
  std::string second_message;  ///< bytes, with authentication code
  std::string signature;       ///< bytes
  std::string seed;            ///< as many bytes as the algorithm's hash has
};

/// The server's side. `offer` has everything but the server's key, which is set. Nothing when the device's key can't
/// be one.
std::optional<Agreement> agree(const Registration& registration, std::string_view secret, const PublicKey& device,
                               SecondMessage offer);

enum class Refused { not_a_second_message, other_registration, wrong_password_or_device };
/// The device's side: what it has scanned, with its own secret key and the password that was typed.
struct Accepted {
  Agreement agreement;
  SecondMessage offer;
};
std::variant<Accepted, Refused> accept(const Registration& registration, const keys::Key& device,
                                       std::string_view password, std::string_view second_message);

}  // namespace countersign::offline
