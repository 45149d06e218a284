// The vectors of the RFCs, oathtool as a judge in both directions, and the windows.

#include "adapters/otp/otp.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <random>
#include <sstream>
#include <vector>

namespace countersign::otp {
namespace {

using domain::OtpAlgorithm;

const std::string rfc_seed = "12345678901234567890";

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(byte));
    text += two;
  }
  return text;
}

TEST(Hotp, IsWhatRfc4226AppendixDSays) {
  const char* expected[] = {"755224", "287082", "359152", "969429", "338314",
                            "254676", "287922", "162583", "399871", "520489"};
  for (std::uint64_t counter = 0; counter < std::size(expected); ++counter)
    EXPECT_EQ(hotp(rfc_seed, counter, {}), expected[counter]);
}

TEST(Totp, IsWhatRfc6238AppendixBSays) {
  struct Row {
    std::int64_t time;
    const char *sha1, *sha256, *sha512;
  };
  const Row rows[] = {
      {59, "94287082", "46119246", "90693936"},         {1111111109, "07081804", "68084774", "25091201"},
      {1111111111, "14050471", "67062674", "99943326"}, {1234567890, "89005924", "91819424", "93441116"},
      {2000000000, "69279037", "90698825", "38618901"}, {20000000000, "65353130", "77737706", "47863826"}};
  const std::string seed32 = (rfc_seed + rfc_seed).substr(0, 32);
  const std::string seed64 = (rfc_seed + rfc_seed + rfc_seed + rfc_seed).substr(0, 64);
  for (const auto& row : rows) {
    const auto step = static_cast<std::uint64_t>(row.time / 30);
    EXPECT_EQ(hotp(rfc_seed, step, {OtpAlgorithm::sha1, 8}), row.sha1);
    EXPECT_EQ(hotp(seed32, step, {OtpAlgorithm::sha256, 8}), row.sha256);
    EXPECT_EQ(hotp(seed64, step, {OtpAlgorithm::sha512, 8}), row.sha512);
  }
}

/// What oathtool prints, a line each.
std::vector<std::string> judge(const std::string& arguments, int& status) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("oathtool " + arguments + " 2>&1").c_str(), "r"),
                                                   [](FILE*) { return 0; });
  std::vector<std::string> lines;
  char line[256];
  while (std::fgets(line, sizeof line, pipe.get())) lines.emplace_back(line, std::char_traits<char>::length(line) - 1);
  status = pclose(pipe.get());
  return lines;
}

struct Drawn {
  std::string seed, kind;
  Shape shape;
  std::uint64_t counter;
  bool by_time;

  explicit Drawn(std::mt19937_64& random) {
    by_time = random() % 2 == 0;
    shape.algorithm =
        by_time ? static_cast<OtpAlgorithm>(random() % 3) : OtpAlgorithm::sha1;  // so does oathtool's HOTP
    shape.digits = static_cast<unsigned>(6 + random() % 3);
    seed.resize(16 + random() % 49);
    for (auto& byte : seed) byte = static_cast<char>(random());
    counter = by_time ? random() % 100'000'000 : random() >> (1 + random() % 60);
    const char* names[] = {"sha1", "sha256", "sha512"};
    kind = by_time ? std::string("--totp=") + names[static_cast<int>(shape.algorithm)] + " -N @" +
                         std::to_string(counter * 30)
                   : "--hotp -c " + std::to_string(counter);
    kind += " -d " + std::to_string(shape.digits) + " " + hex(seed);
  }
};

TEST(OneTimePasswords, AreThoseThatOathtoolMakes) {
  std::mt19937_64 random(20261127);
  int compared = 0;
  for (int round = 0; round < 100; ++round) {
    const Drawn drawn(random);
    int status = 0;
    const auto lines = judge("-w 99 " + drawn.kind, status);
    ASSERT_EQ(status, 0) << (lines.empty() ? "oathtool isn't installed" : lines.front());
    ASSERT_EQ(lines.size(), 100u);
    for (std::size_t i = 0; i < lines.size(); ++i, ++compared)
      ASSERT_EQ(hotp(drawn.seed, drawn.counter + i, drawn.shape), lines[i]) << drawn.kind;
  }
  EXPECT_EQ(compared, 10'000);
}

TEST(OneTimePasswords, AreAcceptedByOathtool) {
  std::mt19937_64 random(6238);
  for (int round = 0; round < 200; ++round) {
    const Drawn drawn(random);
    const auto ahead = random() % 50;
    int status = 0;
    const auto lines =
        judge("-w 49 " + drawn.kind + " " + hotp(drawn.seed, drawn.counter + ahead, drawn.shape), status);
    ASSERT_EQ(status, 0) << drawn.kind;
    // HOTP: how far ahead; TOTP: on which side of the clock, too.
    EXPECT_EQ(lines.front(), std::to_string(ahead)) << drawn.kind;
  }
}

TEST(Hotp, IsFoundWithinTheWindowAndNowhereElse) {
  const Window window{.events_ahead = 5};
  for (std::uint64_t counter = 0; counter < 20; ++counter) {
    const auto match = match_hotp(rfc_seed, hotp(rfc_seed, counter, {}), 7, {}, window);
    EXPECT_EQ(match.has_value(), counter >= 6 && counter <= 12) << counter;
    if (match) {
      EXPECT_EQ(match->counter, counter);
    }
  }
  for (const char* wrong : {"", "000000", "75522", "7552240", "abcdef"})
    EXPECT_FALSE(match_hotp(rfc_seed, wrong, 0, {}, window)) << wrong;
}

TEST(Totp, IsFoundAroundTheRightTimeAndTheClockThatItsDriftGives) {
  constexpr std::int64_t now = 1'790'000'000;
  constexpr std::int64_t step = now / 30;
  for (std::int32_t drift : {-3, 0, 2}) {
    for (std::int64_t off = -6; off <= 6; ++off) {
      const auto password = hotp(rfc_seed, static_cast<std::uint64_t>(step + off), {});
      const auto match = match_totp(rfc_seed, password, now, 30, drift, {});
      const bool prompt = off >= -1 && off <= 1, drifted = off >= drift - 1 && off <= drift + 1;
      EXPECT_EQ(match.has_value(), prompt || drifted) << off << " with drift " << drift;
      if (match) {
        EXPECT_EQ(match->drift, prompt ? 0 : off) << "what is learned";
      }
    }
  }
}

TEST(Totp, DriftIsBounded) {
  constexpr std::int64_t now = 1'790'000'000;
  const auto password = hotp(rfc_seed, now / 30 + 11, {});
  const auto match = match_totp(rfc_seed, password, now, 30, 10, {});
  ASSERT_TRUE(match);
  EXPECT_EQ(match->drift, 10);
}

TEST(Hotp, IsFoundAgainByTwoInOrder) {
  const auto at = [](std::uint64_t counter) { return hotp(rfc_seed, counter, {}); };
  const auto match = match_two(rfc_seed, at(500), at(501), 3, {});
  ASSERT_TRUE(match);
  EXPECT_EQ(match->counter, 501u);
  EXPECT_FALSE(match_two(rfc_seed, at(501), at(500), 3, {})) << "in the other order";
  EXPECT_FALSE(match_two(rfc_seed, at(500), at(502), 3, {}));
  EXPECT_FALSE(match_two(rfc_seed, at(2), at(3), 3, {})) << "used up";
  EXPECT_FALSE(match_two(rfc_seed, at(1'003), at(1'004), 3, {})) << "too far";
}

TEST(Totp, IsFoundAgainByTwoInOrderAndStaysFound) {
  constexpr std::int64_t now = 1'790'000'000, step = now / 30;
  const auto at = [](std::int64_t ahead) { return hotp(rfc_seed, static_cast<std::uint64_t>(step + ahead), {}); };
  const auto match = [&](std::int64_t first, std::int64_t second, std::uint64_t next = 0) {
    return match_two_in_time(rfc_seed, at(first), at(second), next, now, 30, {});
  };
  for (const int ahead : {-120, -40, 0, 120}) {
    const auto found = match(ahead - 1, ahead);
    ASSERT_TRUE(found) << ahead;
    EXPECT_EQ(found->counter, static_cast<std::uint64_t>(step + ahead));
    EXPECT_EQ(found->drift, ahead);
  }
  EXPECT_FALSE(match(-40, -41)) << "in the other order";
  EXPECT_FALSE(match(-40, -38));
  EXPECT_FALSE(match(-122, -121)) << "too far";
  EXPECT_FALSE(match(120, 121)) << "too far";
  EXPECT_FALSE(match(-5, -4, step - 4)) << "used up";
  EXPECT_FALSE(match(-5, -4, step + 500));
  const auto later = match_totp(rfc_seed, at(-39), now, 30, -40, {});
  ASSERT_TRUE(later);
  EXPECT_EQ(later->drift, -39) << "it isn't forgotten with the next password";
}

TEST(RecoveryCode, OneThatIsFreeIsFoundBeforeOneThatIsNot) {
  const Shape shape{OtpAlgorithm::sha1, 8};
  for (unsigned i = 0; i < 10; ++i) {
    const auto code = hotp(rfc_seed, i, shape);
    EXPECT_EQ(match_code(rfc_seed, code, 10, 0, shape)->counter, i);
    EXPECT_EQ(match_code(rfc_seed, code, 10, ~std::uint64_t{0}, shape)->counter, i) << "so that it can be told";
  }
  EXPECT_FALSE(match_code(rfc_seed, hotp(rfc_seed, 10, shape), 10, 0, shape)) << "not on the card";
  EXPECT_FALSE(match_code(rfc_seed, "", 10, 0, shape));
  // Of two that are alike both are worth something: with one digit there are some.
  const Shape one_digit{OtpAlgorithm::sha1, 1};
  std::uint64_t used = 0;
  for (unsigned i = 0; i < 10; ++i) {
    const auto match = match_code(rfc_seed, hotp(rfc_seed, i, one_digit), 10, used, one_digit);
    ASSERT_TRUE(match);
    EXPECT_EQ(used >> match->counter & 1, 0u);
    used |= std::uint64_t{1} << match->counter;
  }
  EXPECT_EQ(used, 1023u);
}

}  // namespace
}  // namespace countersign::otp
