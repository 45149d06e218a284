// The life of a SIEM destination: where it begins, what a change keeps, what export reports move, and that asking twice
// has no second effect.

#include <gtest/gtest.h>

#include "tests/support/invariants.h"
#include "tests/support/story.h"

namespace countersign::domain {
namespace {

using namespace countersign::testing;
using enum EventType;

Step rewind(const std::string& name, std::uint64_t start) {
  return admin(RewindSiemDestination{destination(name), start});
}
Step change(const std::string& name, const std::string& to, std::uint64_t version) {
  return admin(UpdateSiemDestination{destination(name), destination_settings(to), version});
}
Step remove(const std::string& name) {
  return admin(DeleteSiemDestination{destination(name)});
}
Step report(const std::string& name, std::uint64_t up_to, std::uint64_t begun_by) {
  return system(RecordExport{destination(name), 5, up_to, 1, begun_by});
}

TEST(SiemDestination, BeginsWithItsOwnCreationUnlessToldOtherwise) {
  auto story = given({a_user("ada")});
  const auto before = story->the_account().last_sequence;
  story.when(a_destination("siem")).then({siem_destination_created});
  const auto made = story->the_destination("siem");
  EXPECT_EQ(made.start, before) << "the first event behind it is that it was created";
  EXPECT_EQ(made.begun_by, before + 1);
  EXPECT_EQ(made.reported, made.start);
  EXPECT_EQ(made.version, 1u);
  EXPECT_TRUE(made.configuration);
  EXPECT_EQ(made.traits, destination_settings("siem").traits);
  EXPECT_EQ(given({a_destination("siem", 3)})->the_destination("siem").start, 3u);
}

TEST(SiemDestination, NeverBeginsBehindTheLog) {
  auto story = given({a_destination("siem", 1'000'000)});
  EXPECT_EQ(story->the_destination("siem").start + 1, story->the_account().last_sequence);
  story.when(rewind("siem", 1'000'000)).then({siem_destination_rewound});
  EXPECT_EQ(story->the_destination("siem").start + 1, story->the_account().last_sequence);
}

TEST(SiemDestination, CreatedTwiceIsOne) {
  auto story = given({a_destination("siem")});
  story.when(a_destination("siem")).then_nothing();
  EXPECT_EQ(story->the_account().siem_destinations, 1u);
}

TEST(SiemDestination, AChangeKeepsItsPlaceAndCountsUpItsVersion) {
  auto story = given({a_destination("siem", 2)});
  const auto before = story->the_destination("siem");
  story.when(change("siem", "other", 1)).then({siem_destination_updated});
  const auto after = story->the_destination("siem");
  EXPECT_EQ(after.version, 2u);
  EXPECT_EQ(after.start, before.start);
  EXPECT_EQ(after.begun_by, before.begun_by);
  EXPECT_EQ(after.traits.secret, uuid_of("secret other"));
  EXPECT_NE(after.configuration, before.configuration);
  story.when(change("siem", "other", 1)).then_nothing();
}

TEST(SiemDestination, IsPausedAndResumedOnce) {
  auto story = given({a_destination("siem")});
  story.when(pause("siem")).then({siem_destination_paused});
  EXPECT_TRUE(story->the_destination("siem").paused);
  story.when(pause("siem")).then_nothing();
  story.when(pause("siem", false)).then({siem_destination_resumed});
  story.when(pause("siem", false)).then_nothing();
  EXPECT_EQ(story->the_destination("siem").version, 3u);
}

TEST(SiemDestination, LeavesNothingButItsEventsWhenItIsDeleted) {
  auto story = given({a_destination("siem"), a_destination("other")});
  story.when(remove("siem")).then({siem_destination_deleted});
  EXPECT_FALSE(story->state().siem_destination(story->account, destination("siem")));
  EXPECT_EQ(story->the_account().siem_destinations, 1u);
  story.when(a_destination("siem")).then({siem_destination_created});
}

TEST(SiemDestination, TellsWhichSecretIsToBeDestroyed) {
  Ledger ledger;
  a_destination("siem")(ledger);
  const auto decision = ledger.run(DeleteSiemDestination{destination("siem")}, ledger.as(Role::admin));
  ASSERT_FALSE(decision.refusal());
  EXPECT_EQ(decision.result().secret, uuid_of("secret siem"));
}

TEST(SiemDestination, ReportsOfTheSameBeginningMoveOnlyForward) {
  auto story = given({a_destination("siem", 2)});
  const auto begun = story->the_destination("siem").begun_by;
  story.when(report("siem", 5, begun)).then({siem_destination_exported});
  EXPECT_EQ(story->the_destination("siem").reported, 5u);
  story.when(report("siem", 4, begun));
  EXPECT_EQ(story->the_destination("siem").reported, 5u);
  EXPECT_EQ(story->the_destination("siem").version, 1u);
}

TEST(SiemDestination, AReportOfAFormerBeginningMovesNothing) {
  auto story = given({a_destination("siem", 2)});
  const auto begun = story->the_destination("siem").begun_by;
  story.when(rewind("siem", 1)).then({siem_destination_rewound});
  EXPECT_NE(story->the_destination("siem").begun_by, begun);
  story.when(report("siem", 5, begun)).then({siem_destination_exported});
  EXPECT_EQ(story->the_destination("siem").reported, 1u);
}

TEST(SiemDestination, AReportOfADeletedOneIsNoted) {
  auto story = given({a_destination("siem"), remove("siem")});
  story.when(report("siem", 5, 1)).then({siem_destination_exported});
}

TEST(SiemDestination, ChangesAreCountedOverAllAccountsAndReportsAreNone) {
  Ledger ledger;
  auto changes = ledger.state().destination_changes(0);
  const auto changed = [&](const Step& step) {
    step(ledger);
    return std::exchange(changes, ledger.state().destination_changes(0)) != changes;
  };
  EXPECT_TRUE(changed(a_destination("siem")));
  EXPECT_TRUE(changed(pause("siem")));
  EXPECT_TRUE(changed(rewind("siem", 0)));
  EXPECT_TRUE(changed(change("siem", "other", 2)));
  EXPECT_TRUE(changed(suspend()));
  EXPECT_FALSE(changed(report("siem", 5, 1)));
  EXPECT_FALSE(changed(a_user("ada")));
  expect_invariants(ledger);
  expect_refold_equal(ledger);
}

}  // namespace
}  // namespace countersign::domain
