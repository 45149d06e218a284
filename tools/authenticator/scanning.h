#pragma once
// What a device does with what it scans: the first message of a registration, its second one, or the otpauth:// URI of
// an ordinary enrolment.

#include "tools/authenticator/entries.h"

namespace countersign::authenticator {

/// What was scanned, for people to look at before they go on.
struct Scanned {
  enum class Kind { first_message, second_message, otpauth_uri } kind{};
  std::string account, user, serial_number;
  domain::UnixMs expires_at = 0;  ///< of a first message
  std::string bytes;              ///< of a message, or the URI
};
/// Throws cli::LocalError when it is nothing that this device knows, or a second message without its first.
Scanned look_at(const std::string& text, const Entries& entries);

/// Goes on with a first message: the device's code. The same again for the same picture.
std::string begin_registration(const Scanned& scanned, Entries& entries);
/// Goes on with a second message: the signature to be typed. Throws cli::LocalError when the password is wrong.
std::string finish_registration(const Scanned& scanned, const std::string& password, Entries& entries);
/// Takes up what an otpauth:// URI has. Throws cli::LocalError.
void take_up(const Scanned& scanned, Entries& entries);

/// The next password; the counter of one that counts events is used up by it. `now_s`: seconds since 1970.
std::string next_password(Entry& entry, std::int64_t now_s);

}  // namespace countersign::authenticator
