// master_key.rotated: exactly one event a rotation, whenever a crash comes.

#include "tools/countersignd/rotation_report.h"

#include <gtest/gtest.h>

#include "domain/record.h"
#include "tests/adapters/operations/office.h"

namespace countersign::server {
namespace {

class RotationReportTest : public ::testing::Test {
 protected:
  static commands::Call as_system() {
    commands::Call call;
    call.context.account = domain::system_account();
    call.context.actor.kind = domain::PartyKind::system;
    return call;
  }
  void report() {
    office.wait_landed();
    report_rotations({*office.keys, office.views, office.submitter, as_system(), "node-1"}, quiet);
  }
  std::vector<domain::Uuid> unreported() { return office.keys->unreported_rotations().value(); }
  /// The names of the rotations that the log tells of.
  std::vector<domain::Uuid> reported() {
    office.wait_landed();
    std::vector<domain::Uuid> found;
    office.views.events_from(domain::system_account(), 1, [&](std::string_view bytes, bus::FrameNumber) {
      const auto event = domain::EventView::parse(bytes);
      if (event->type() == domain::EventType::master_key_rotated)
        found.push_back(domain::EventView::to_uuid(event->clear().correlation()));
      return true;
    });
    return found;
  }

  operations::test::Office office;
  Log quiet{"text", "error"};
};

TEST_F(RotationReportTest, EachRotationIsReportedOnce) {
  report();
  EXPECT_TRUE(reported().empty());
  ASSERT_FALSE(office.keys->rotate_master(keys::random_master_key()));
  ASSERT_FALSE(office.keys->rotate_master(keys::random_master_key()));
  const auto rotations = unreported();
  report();
  EXPECT_EQ(reported(), rotations);
  EXPECT_TRUE(unreported().empty());
  report();
  EXPECT_EQ(reported(), rotations);
}

TEST_F(RotationReportTest, ACrashBetweenTheEventAndTheNoteOfItMakesNoSecondEvent) {
  ASSERT_FALSE(office.keys->rotate_master(keys::random_master_key()));
  const auto rotations = unreported();
  ASSERT_EQ(rotations.size(), 1u);
  auto call = as_system();
  call.context.correlation = rotations[0];
  const domain::RecordServer event{domain::EventType::master_key_rotated, "1", "node-1"};
  ASSERT_TRUE(office.submitter.wait(call, event).ok());
  report();
  EXPECT_EQ(reported(), rotations);
  EXPECT_TRUE(unreported().empty());
}

TEST_F(RotationReportTest, WhatTheLogDoesNotTakeIsLeftForTheNextStart) {
  ASSERT_FALSE(office.keys->rotate_master(keys::random_master_key()));
  const auto rotations = unreported();
  office.log.doubt_next(operations::test::DoubtfulLog::Truth::written);
  report();
  EXPECT_EQ(unreported(), rotations);
  office.log.settle_doubt();
  ASSERT_TRUE(office.soon([&] { return office.submitter.wait(as_system(), domain::CreateSystemAccount{}).ok(); }));
  report();
  EXPECT_EQ(reported(), rotations);
  EXPECT_TRUE(unreported().empty());
}

}  // namespace
}  // namespace countersign::server
