#include "adapters/otp/otp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

namespace countersign::otp {
namespace {

const EVP_MD* hash_of(domain::OtpAlgorithm algorithm) {
  switch (algorithm) {
    case domain::OtpAlgorithm::sha1: return EVP_sha1();
    case domain::OtpAlgorithm::sha256: return EVP_sha256();
    case domain::OtpAlgorithm::sha512: return EVP_sha512();
  }
  throw std::logic_error("an algorithm of one-time passwords that isn't known");
}

bool same(std::string_view password, std::string_view expected) {
  return password.size() == expected.size() && CRYPTO_memcmp(password.data(), expected.data(), expected.size()) == 0;
}

/// The lowest of `count` counters from `first` on to which the password belongs. All are compared.
std::optional<std::uint64_t> find(std::string_view seed, std::string_view password, std::uint64_t first,
                                  std::uint64_t count, const Shape& shape) {
  std::optional<std::uint64_t> found;
  for (std::uint64_t i = count; i-- > 0;)
    if (same(password, hotp(seed, first + i, shape))) found = first + i;
  return found;
}

}  // namespace

std::size_t seed_bytes(domain::OtpAlgorithm algorithm) {
  return static_cast<std::size_t>(EVP_MD_get_size(hash_of(algorithm)));
}

std::string password_of(std::string_view seed, std::string_view message, const Shape& shape) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  if (!HMAC(hash_of(shape.algorithm), seed.data(), static_cast<int>(seed.size()),
            reinterpret_cast<const std::uint8_t*>(message.data()), message.size(), mac.data(), &size))
    throw std::runtime_error("HMAC failed");
  const std::size_t offset = mac[size - 1] & 0xf;  // dynamic truncation, RFC 4226, section 5.3
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | mac[offset + i];
  number &= 0x7fffffff;
  std::string password(shape.digits, '0');
  for (std::size_t i = password.size(); i-- > 0; number /= 10) password[i] = static_cast<char>('0' + number % 10);
  return password;
}

std::string hotp(std::string_view seed, std::uint64_t counter, const Shape& shape) {
  std::array<char, 8> text;
  for (int i = 0; i < 8; ++i) text[static_cast<std::size_t>(i)] = static_cast<char>(counter >> (56 - 8 * i));
  return password_of(seed, {text.data(), text.size()}, shape);
}

std::optional<Match> match_hotp(std::string_view seed, std::string_view password, std::uint64_t next,
                                const Shape& shape, const Window& window) {
  auto counter = find(seed, password, next, window.events_ahead + 1, shape);
  const auto used = next == 0 ? std::nullopt : find(seed, password, next - 1, 1, shape);
  if (!counter) counter = used;
  if (!counter) return std::nullopt;
  return Match{*counter, 0};
}

std::optional<Match> match_totp(std::string_view seed, std::string_view password, std::int64_t now_s,
                                std::uint32_t period_s, std::int32_t drift, const Shape& shape, const Window& window) {
  const std::int64_t step = now_s / period_s;
  const auto around = static_cast<std::int64_t>(window.steps_around);
  const auto within = [&](std::int64_t middle) {
    const auto first = static_cast<std::uint64_t>(std::max<std::int64_t>(0, middle - around));
    return find(seed, password, first, 2 * window.steps_around + 1, shape);
  };
  // Also around the right time: a clock that was off may have been set.
  auto counter = within(step);
  const auto drifted = within(step + drift);
  if (!counter) counter = drifted;
  if (!counter) return std::nullopt;
  const auto ahead = static_cast<std::int64_t>(*counter) - step;
  // A clock that two passwords have shown to be off by more stays so.
  const auto most =
      static_cast<std::int64_t>(std::abs(drift) > window.most_drift ? window.resync_around : window.most_drift);
  // Who looks further than usual, at a confirmation, learns how far off the clock is.
  const bool prompt = std::abs(ahead) <= static_cast<std::int64_t>(Window{}.steps_around);
  return Match{*counter, prompt ? 0 : static_cast<std::int32_t>(std::clamp(ahead, -most, most))};
}

std::optional<Match> match_code(std::string_view seed, std::string_view password, unsigned count, std::uint64_t used,
                                const Shape& shape) {
  std::optional<Match> free, spent;
  for (unsigned i = count; i-- > 0;)
    if (same(password, hotp(seed, i, shape))) (used >> i & 1 ? spent : free) = Match{i, 0};
  return free ? free : spent;
}

namespace {

/// The second counter of the first pair among `count` from `next` on.
std::optional<std::uint64_t> find_pair(std::string_view seed, std::string_view first, std::string_view second,
                                       std::uint64_t next, std::uint64_t count, const Shape& shape) {
  std::optional<std::uint64_t> found;
  std::string before = hotp(seed, next, shape);
  for (std::uint64_t i = 1; i <= count; ++i) {
    std::string now = hotp(seed, next + i, shape);
    const bool first_fits = same(first, before), second_fits = same(second, now);
    if (first_fits && second_fits && !found) found = next + i;
    before = std::move(now);
  }
  return found;
}

}  // namespace

std::optional<Match> match_two(std::string_view seed, std::string_view first, std::string_view second,
                               std::uint64_t next, const Shape& shape, const Window& window) {
  const auto counter = find_pair(seed, first, second, next, window.resync_ahead, shape);
  if (!counter) return std::nullopt;
  return Match{*counter, 0};
}

std::optional<Match> match_two_in_time(std::string_view seed, std::string_view first, std::string_view second,
                                       std::uint64_t next, std::int64_t now_s, std::uint32_t period_s,
                                       const Shape& shape, const Window& window) {
  const std::int64_t step = now_s / period_s, around = window.resync_around;
  const auto from = std::max<std::int64_t>(step - around - 1, static_cast<std::int64_t>(next));
  if (from > step + around) return std::nullopt;
  const auto count = static_cast<std::uint64_t>(step + around - from);
  const auto counter = find_pair(seed, first, second, static_cast<std::uint64_t>(from), count, shape);
  if (!counter) return std::nullopt;
  return Match{*counter, static_cast<std::int32_t>(static_cast<std::int64_t>(*counter) - step)};
}

}  // namespace countersign::otp
