#pragma once
// One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), over HMAC-SHA-1, SHA-256 or SHA-512.
//
// Comparing takes the same time whichever counter of the window the password belongs to, and if it belongs to none.
// Concurrency: any thread. Cost: about 1 us a counter of the window.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/authenticator.h"

namespace countersign::otp {

/// What the passwords of an authenticator look like. `digits`: 6 to 8; of OCRA 6 to 10.
struct Shape {
  domain::OtpAlgorithm algorithm = domain::OtpAlgorithm::sha1;
  unsigned digits = 6;
};

/// Bytes of a new seed: as many as the hash gives (RFC 4226, section 4, R6; RFC 6238, section 5.1).
std::size_t seed_bytes(domain::OtpAlgorithm algorithm);

/// HMAC over the message, truncated to digits as RFC 4226, section 5.3, says.
std::string password_of(std::string_view seed, std::string_view message, const Shape& shape);
std::string hotp(std::string_view seed, std::uint64_t counter, const Shape& shape);

/// Bounds of what is compared, in counters.
struct Window {
  std::uint64_t events_ahead = 10;     ///< HOTP: presses that nobody saw (RFC 4226, section 7.4, "s")
  std::uint64_t steps_around = 1;      ///< TOTP: on either side of the clock that the drift gives
  std::int32_t most_drift = 10;        ///< TOTP: steps, learned little by little
  std::uint64_t resync_ahead = 1'000;  ///< HOTP: of a reset by two passwords
  std::int32_t resync_around = 120;    ///< TOTP: likewise, on either side of the right time; an hour at 30 s a step
};

struct Match {
  std::uint64_t counter = 0;
  std::int32_t drift = 0;
};

/// The lowest counter from `next` on, within the window; else the one before it, which is used up: so that a password
/// that comes twice can be told from a wrong one.
std::optional<Match> match_hotp(std::string_view seed, std::string_view password, std::uint64_t next,
                                const Shape& shape, const Window& window = {});
/// `now_s`: seconds since 1970. `drift`: steps that the clock was ahead last time.
std::optional<Match> match_totp(std::string_view seed, std::string_view password, std::int64_t now_s,
                                std::uint32_t period_s, std::int32_t drift, const Shape& shape,
                                const Window& window = {});
/// Recovery codes are HOTP's first passwords: the lowest of `count` that is free, as `used` has a bit for each; else
/// one that isn't, so that a code that comes twice can be told from a wrong one.
std::optional<Match> match_code(std::string_view seed, std::string_view password, unsigned count, std::uint64_t used,
                                const Shape& shape);
/// Two passwords that belong to a counter and the one behind it; the latter's.
std::optional<Match> match_two(std::string_view seed, std::string_view first, std::string_view second,
                               std::uint64_t next, const Shape& shape, const Window& window = {});
/// The same by time: the lowest step from `next` on.
std::optional<Match> match_two_in_time(std::string_view seed, std::string_view first, std::string_view second,
                                       std::uint64_t next, std::int64_t now_s, std::uint32_t period_s,
                                       const Shape& shape, const Window& window = {});

}  // namespace countersign::otp
