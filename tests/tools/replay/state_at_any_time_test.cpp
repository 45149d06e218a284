// The state at a moment, folded from the log for each of a thousand random moments, against one fold that goes on event
// by event; and that fold, which keeps an account in RAM, against the reducers that make the server's views.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "projections/reducers.h"
#include "tests/support/ledger.h"
#include "tests/support/rich_history.h"
#include "tools/replay/state_at.h"

namespace countersign::replay {
namespace {

using namespace domain;
using projections::Overlay;
using projections::ViewState;
using testing::RichHistory;

/// Both folds of one history.
struct Folds {
  explicit Folds(AccountId account) : folded{AccountFold(account), {}, 0} {}
  void take(const RichHistory::Written& frame) {
    for (const auto& bytes : frame.events) {
      const auto event = *EventView::parse(bytes);
      projections::reduce(overlay, state, {event, bus::sha256(event.clear_bytes())}, bytes);
      folded.state.take(event);
      types.insert(event.type());
    }
    folded.reached.frame = bus::next(folded.reached.frame);
    folded.reached.time = frame.time;
  }
  testing::NoRows nothing;
  Overlay overlay;
  ViewState state{nothing, {}, &overlay};
  FoldedAccount folded;
  std::set<EventType> types;
};

void expect_same(const ViewState& views, const AccountFold& fold) {
  const auto id = fold.id();
  const auto account = views.account(id);
  ASSERT_EQ(account != nullptr, fold.exists());
  if (!account) return;
  EXPECT_EQ(*account, fold.the_account());
  fold.each_api_key([&](const ApiKey& key) { EXPECT_EQ(*views.api_key(id, key.id), key); });
  fold.each_licence([&](const Licence& licence) { EXPECT_EQ(*views.licence(id, licence.id), licence); });
  fold.each_hardware_token([&](const HardwareToken& token) { EXPECT_EQ(*views.hardware_token(id, token.id), token); });
  std::uint32_t destinations = 0;
  fold.each_siem_destination([&](const SiemDestination& destination) {
    ++destinations;
    EXPECT_EQ(*views.siem_destination(id, destination.id), destination);
  });
  EXPECT_EQ(destinations, account->siem_destinations);
  std::uint64_t users = 0;
  fold.each_user([&](const User& user) {
    ++users;
    const auto wanted = views.user(id, user.id);
    ASSERT_TRUE(wanted) << user.id.text();
    EXPECT_EQ(*wanted, user);
    for (const auto& code : user.ended_codes) EXPECT_EQ(*views.locate_code(id, code)->ended_code, *fold.code(code));
    for (const auto& device : user.ended_activations)
      EXPECT_EQ(*views.locate_activation(id, device)->ended_activation, *fold.activation(device));
    for (const auto& code : user.codes) EXPECT_EQ(fold.owner_of_code(code.id), user.id);
    for (const auto& each : user.authenticators)
      EXPECT_EQ(fold.locate_authenticator(id, each.id)->user, views.locate_authenticator(id, each.id)->user);
  });
  EXPECT_EQ(users, account->users);
}

TEST(AccountFold, IsWhatTheReducersMake) {
  std::set<EventType> seen;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const RichHistory history(seed, 1'500);
    Folds folds(history.account);
    for (std::size_t i = 0; i < history.frames.size(); ++i) {
      folds.take(history.frames[i]);
      if (i % 7 == 0 || i + 1 == history.frames.size()) expect_same(folds.state, folds.folded.state);
      if (HasFatalFailure()) FAIL() << "seed " << seed << ", frame " << i;
    }
    seen.merge(folds.types);
  }
  // What the histories must have had for this to be worth something: every event that changes an account's state.
  using enum EventType;
  for (const auto type : {account_created,
                          account_suspended,
                          account_resumed,
                          provisioning_changed,
                          api_key_created,
                          api_key_revoked,
                          user_created,
                          user_updated,
                          user_disabled,
                          user_enabled,
                          user_reset,
                          user_erased,
                          registration_code_generated,
                          registration_code_reserved,
                          registration_code_used,
                          registration_code_revoked,
                          registration_code_expired,
                          registration_code_redemption_refused,
                          device_activated,
                          device_renamed,
                          device_revoked,
                          token_issued,
                          token_revoked,
                          session_started,
                          session_seen,
                          session_ended,
                          siem_destination_created,
                          siem_destination_updated,
                          siem_destination_paused,
                          siem_destination_resumed,
                          siem_destination_deleted,
                          siem_destination_rewound,
                          siem_destination_exported,
                          authenticator_enrolled,
                          authenticator_confirmed,
                          authenticator_updated,
                          authenticator_disabled,
                          authenticator_enabled,
                          authenticator_deleted,
                          authenticator_retired,
                          authenticator_compromised,
                          authenticator_verified,
                          authenticator_reset,
                          authenticator_verification_failed,
                          authenticator_unlocked,
                          authenticator_device_added,
                          authenticator_registration_failed,
                          authenticator_activated,
                          licence_created,
                          licence_updated,
                          licence_deleted,
                          licence_activation_reserved,
                          licence_activation_released,
                          hardware_token_imported,
                          hardware_token_assigned,
                          hardware_token_unassigned,
                          hardware_token_retired,
                          hardware_token_deleted})
    EXPECT_TRUE(seen.contains(type)) << fb::EnumNameEventType(type);
}

TEST(StateAt, IsThatOfAFoldThatGoesOnAtAThousandTimes) {
  const RichHistory history(11, 250);
  const auto first = history.frames.front().time - 1'000, last = history.frames.back().time + 9 * day_ms;
  std::mt19937_64 random(5);
  std::vector<UnixMs> times(1'000);
  for (auto& time : times) time = first + static_cast<UnixMs>(random() % static_cast<std::uint64_t>(last - first));
  std::ranges::sort(times);
  const Source source{history.directory(), {}, true, {}};
  const auto log = AuditedLog(source).identity();
  Folds folds(history.account);
  std::size_t next = 0;
  for (const auto time : times) {
    for (; next < history.frames.size() && history.frames[next].time <= time; ++next) folds.take(history.frames[next]);
    folds.folded.now = time;
    const auto wanted = portrait(folds.folded, log, {}, nullptr);
    const auto found = state_at(source, {history.account, Moment::at_time(time), {}}, {});
    ASSERT_EQ(found, wanted ? boost::json::value(*wanted) : boost::json::value(nullptr)) << time;
  }
  EXPECT_EQ(next, history.frames.size());
}

TEST(StateAt, TakesATimeAPositionOrASequence) {
  const RichHistory history(3, 60);
  const Source source{history.directory(), {}, true, {}};
  std::uint64_t sequence = 0;
  for (const auto& frame : history.frames) {
    for (const auto& bytes : frame.events) sequence += EventView::parse(bytes)->account() == history.account;
    if (sequence == 0) continue;
    const auto by_time = state_at(source, {history.account, Moment::at_time(frame.time), {}}, {}).as_object();
    const auto position = Moment::parse(by_time.at("position").as_string());
    ASSERT_TRUE(position);
    EXPECT_EQ(state_at(source, {history.account, *position, {}}, {}), by_time);
    if (by_time.at("sequence").to_number<std::uint64_t>() == 0) continue;
    const auto named = "#" + boost::json::serialize(by_time.at("sequence"));
    auto by_sequence = state_at(source, {history.account, *Moment::parse(named), {}}, {}).as_object();
    EXPECT_EQ(by_sequence.at("users"), by_time.at("users"));
    EXPECT_EQ(by_sequence.at("account"), by_time.at("account"));
  }
  const auto last = state_at(source, {history.account, {}, {}}, {}).at("position");
  const RichHistory other(4, 5);
  EXPECT_THROW(state_at({other.directory(), {}, true, {}}, {history.account, *Moment::parse(last.as_string()), {}}, {}),
               std::runtime_error);
  EXPECT_THROW(state_at(source, {history.account, Moment::at_sequence(100'000), {}}, {}), std::runtime_error);
  for (const auto* text : {"", "#", "#x", "yesterday", "AAAA"}) EXPECT_FALSE(Moment::parse(text)) << text;
}

}  // namespace
}  // namespace countersign::replay
