// Rows: what commands write of them, how many, what an erasure leaves, and what can't be read.

#include "projections/rows.h"

#include <gtest/gtest.h>

#include <set>

#include "projections/row_codec.h"
#include "tests/support/story.h"

namespace countersign::projections {
namespace {

using namespace countersign::testing;
using namespace countersign::domain;

/// A store that has what a ledger's overlay has, so that a second overlay shows what one more command writes.
class Landed : public RowStore {
 public:
  explicit Landed(const Overlay& overlay) : overlay_(overlay) {}
  std::optional<std::string> get(std::string_view key) const override {
    const auto* row = overlay_.find(key);
    return row ? encoded(*row) : std::nullopt;
  }

 private:
  const Overlay& overlay_;
};

/// Keys that the events of `step` change, other than the account's.
std::multiset<char> tables_written_by(const std::vector<Step>& past, const Step& step) {
  Ledger before, after;
  for (const auto& each : past) {
    each(before);
    each(after);
  }
  const auto known = before.events().size();
  EXPECT_FALSE(step(after).refusal);
  const Landed store(before.overlay());
  Overlay overlay;
  const ViewState state(store, {}, &overlay);
  for (auto i = known; i < after.events().size(); ++i) {
    const auto event = EventView::parse(after.events()[i]);
    reduce(overlay, state, {*event, bus::sha256(event->clear_bytes())}, after.events()[i]);
  }
  std::multiset<char> tables;
  for (const auto& [key, row] : overlay.rows())
    if (key.view()[0] != 'A') tables.insert(key.view()[0]);
  return tables;
}

TEST(Rows, ARedeemWritesSixKeysAtMost) {
  const std::vector<Step> past{a_user("ada"), a_code("ada", "A")};
  const auto written = tables_written_by(past, redeem("A", "phone"));
  EXPECT_LE(written.size(), 6u) << std::string(written.begin(), written.end());
  // With tokens that expire there is one more thing to look at when time comes.
  const auto expiring =
      tables_written_by(std::vector{a_policy([](Provisioning& p) { p.access_token_validity_seconds = 60; })} + past,
                        redeem("A", "phone"));
  EXPECT_LE(expiring.size(), 6u) << std::string(expiring.begin(), expiring.end());
}

TEST(Rows, AGenerationWritesFourKeysACode) {
  const auto written = tables_written_by({a_user("ada")}, a_code("ada", "A"));
  EXPECT_EQ(written, (std::multiset<char>{'C', 'D', 'U', 'X'}));
}

TEST(Rows, AnErasureDeletesEveryRowOfThePersonAndNoOther) {
  Ledger ledger;
  const std::vector<Step> life = std::vector{a_user("bob"), a_code("bob", "B")} + a_device("ada", "A") +
                                 std::vector{a_code("ada", "open"), a_code("ada", "revoked"), revoke("revoked"),
                                             a_code("ada", "gone"), redeem("gone", "gone"),   revoke("gone"),
                                             a_code("ada", "held"), reserve("held", "T"),     disable("ada")};
  for (const auto& step : life) ASSERT_FALSE(step(ledger).refusal);
  const auto rows_with = [&](std::string_view id) {
    std::string tables;
    for (const auto& [key, row] : ledger.overlay().rows()) {
      const auto bytes = encoded(row);
      if (bytes && (key.view().find(id) != std::string::npos || bytes->find(id) != std::string::npos))
        tables += key.view()[0];
    }
    return tables;
  };
  const auto ada = user("ada"), bob = user("bob");
  EXPECT_FALSE(rows_with(ada.uuid.view()).empty());
  const auto of_bob = rows_with(bob.uuid.view());
  ASSERT_FALSE(erase("ada")(ledger).refusal);
  EXPECT_EQ(rows_with(ada.uuid.view()), "G");  // that she was erased
  for (const auto* digest : {"email ada", "login ada", "content ada", "code A", "code open", "code revoked",
                             "code gone", "code held", "ticket T", "token A", "token gone"})
    EXPECT_EQ(rows_with(view(digest_of(digest))), "") << digest;
  for (const auto* name : {"A", "open", "revoked", "gone", "held"})
    EXPECT_EQ(rows_with(code(name).uuid.view()), "") << name;
  EXPECT_EQ(rows_with(activation("gone").view()), "");
  EXPECT_EQ(rows_with(bob.uuid.view()).size(), of_bob.size());
}

TEST(Rows, AUserRemembersTheNewestTwoHundredEndedCodes) {
  Ledger ledger;
  a_user("ada")(ledger);
  for (int i = 0; i < 210; ++i) {
    const auto name = std::to_string(i);
    ASSERT_FALSE(a_code("ada", name)(ledger).refusal);
    if (i % 2) redeem(name, name)(ledger);
    ASSERT_FALSE(revoke(name)(ledger).refusal);
  }
  const auto ada = ledger.the_user("ada");
  EXPECT_TRUE(ada.codes.empty());
  EXPECT_TRUE(ada.activations.empty());
  EXPECT_EQ(ada.ended_codes.size(), most_per_user);
  EXPECT_EQ(ada.ended_codes.back(), code("209"));
  EXPECT_FALSE(ledger.state().locate_code(ledger.account, code("9")));
  EXPECT_FALSE(ledger.state().find(digest_of("code 9")));
  EXPECT_TRUE(ledger.state().locate_code(ledger.account, code("10")));
  EXPECT_EQ(ada.ended_activations.size(), 105u);
}

TEST(Rows, KeysSortAsTheirTimesAndSequencesDo) {
  const AccountId account{uuid_of("a")};
  const auto object = party(code("A"));
  EXPECT_LT(expiry_key(255, account, object), expiry_key(256, account, object));
  EXPECT_LT(expiry_key(256, account, object), expiry_bound(256));
  EXPECT_LT(expiry_bound(256), expiry_key(257, account, object));
  EXPECT_LT(events_key(account, 255), events_key(account, 256));
  EXPECT_LT(answer_key(0, 255, "x"), answer_key(0, 256, "a"));
  const auto parsed = parse_expiry_key(expiry_key(1'790'000'000'000, account, object));
  EXPECT_EQ(parsed.time, 1'790'000'000'000);
  EXPECT_EQ(parsed.account, account);
  EXPECT_EQ(parsed.object, object);
}

template <class Decode>
void expect_cuts_throw(const std::string& row, Decode decode) {
  EXPECT_NO_THROW(decode(row));
  for (std::size_t size = 0; size < row.size(); ++size)
    EXPECT_THROW(decode(row.substr(0, size)), std::runtime_error) << size;
}

TEST(Rows, ThatAreCutThrow) {
  Ledger ledger;
  for (const auto& step : a_device("ada", "A") + std::vector{a_destination("siem"), enrol("ada", "app")}) step(ledger);
  expect_cuts_throw(encode(ledger.the_destination("siem")), decode_siem_destination);
  expect_cuts_throw(encode(ledger.the_user("ada")), decode_user);
  expect_cuts_throw(encode(ledger.the_account()), decode_account);
  expect_cuts_throw(encode(*ledger.state().api_key(ledger.account, api_key("admin"))), decode_api_key);
  expect_cuts_throw(encode(*ledger.state().find(digest_of("code A"))), decode_digest_entry);
  expect_cuts_throw(encode(EventRun{bus::FrameNumber{7}, {"one", "two"}}),
                    [](const std::string& row) { return decode_event_run(row).events.size(); });
  EXPECT_THROW(parse_expiry_key("X"), std::runtime_error);
}

TEST(Rows, ThatPromiseMoreThanThereIsThrow) {
  EXPECT_THROW(RowReader(std::string(11, '\xff')).number(), std::runtime_error);
  EXPECT_THROW(RowReader("\x7fshort").text(), std::runtime_error);
}

}  // namespace
}  // namespace countersign::projections
