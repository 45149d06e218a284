#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <set>
#include <thread>

#include "adapters/keys/lookup.h"
#include "adapters/keys/random.h"
#include "bus/hash.h"

namespace countersign::keys {
namespace {

TEST(Lookup, IsHmacOverKindAccountAndText) {
  const Key key = random_key();
  const auto account = random_id<domain::AccountId>(1);
  const Lookup lookup(key);
  EXPECT_EQ(lookup.digest(LookupKind::email, account, "a@example.com"),
            bus::HmacSha256(key.view())(std::string("\x06\x01") + std::string(account.uuid.view()) + "a@example.com"));
  EXPECT_EQ(lookup.digest(LookupKind::access_token, "x"), bus::HmacSha256(key.view())(std::string("\x02\x00x", 3)));
}

TEST(Lookup, OfPiecesIsThatOfTheWholeText) {
  const Lookup lookup(random_key());
  EXPECT_EQ(lookup.digest(LookupKind::idempotency_body, {"{}", "", "\n?", "dry_run=true"}),
            lookup.digest(LookupKind::idempotency_body, "{}\n?dry_run=true"));
}

TEST(Lookup, KindsAccountsTextsAndKeysAreToldApart) {
  const Lookup one(random_key()), other(random_key());
  const auto a = random_id<domain::AccountId>(1), b = random_id<domain::AccountId>(2);
  const std::set digests{one.digest(LookupKind::email, a, "x"),      one.digest(LookupKind::email, b, "x"),
                         one.digest(LookupKind::login_name, a, "x"), one.digest(LookupKind::email, "x"),
                         one.digest(LookupKind::email, a, "y"),      other.digest(LookupKind::email, a, "x")};
  EXPECT_EQ(digests.size(), 6u);
}

TEST(Lookup, GivesTheSameFromEveryThread) {
  const Lookup lookup(random_key());
  const auto expected = lookup.digest(LookupKind::api_key, "k");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) EXPECT_EQ(lookup.digest(LookupKind::api_key, "k"), expected);
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Random, CodeDigitsAreBelow31AndUniform) {
  std::array<int, 31> counts{};
  constexpr int codes = 31'000;
  for (int i = 0; i < codes; ++i) {
    for (const auto digit : random_code_digits()) {
      ASSERT_LT(digit, 31);
      ++counts[digit];
    }
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 10'000.0) * (count - 10'000.0) / 10'000.0;
  EXPECT_LT(chi_square, 90.0) << "30 degrees of freedom: one run in ten million exceeds this";
}

TEST(Random, NothingRepeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(std::string(random_key().view()));
  for (int i = 0; i < 10'000; ++i) seen.insert(random_id<domain::UserId>(42).text());
  EXPECT_EQ(seen.size(), 20'000u);
}

TEST(Random, IdsSortByTime) {
  EXPECT_LT(random_id<domain::UserId>(1'000).text(), random_id<domain::UserId>(1'001).text());
}

TEST(Random, LargeRequestsAreFilledToo) {
  std::vector<std::uint8_t> large(10'000);
  random_fill(large);
  EXPECT_GT(std::set(large.begin(), large.end()).size(), 200u);
}

}  // namespace
}  // namespace countersign::keys
