// What an operation shows of its progress, over restarts too, and its operation.finished, which is written once.

#include <fstream>

#include "tests/adapters/operations/office.h"

namespace countersign::operations::test {
namespace {

using domain::EventType;

class Progress : public ::testing::Test {
 protected:
  /// An accepted import of this many people that waits for the next start.
  Operation waiting_import(int people, Operation operation) {
    std::string text = "email,first_name\n";
    for (int i = 0; i < people; ++i) text += "person-" + std::to_string(i) + "@example.com,P\n";
    operation = office.a_spooled_import(text, operation);
    operation.accepted = true;
    EXPECT_FALSE(OperationFiles(office.files).save(operation));
    return operation;
  }
  Office office;
};

TEST_F(Progress, TheTotalIsTheNumberOfRowsFromTheBeginning) {
  const auto import = waiting_import(3000, office.an_operation(Kind::import_users));
  office.reopen();
  std::optional<Operation> seen;
  ASSERT_TRUE(office.soon([&] {
    seen = office.operations->find(office.account, import.id);
    EXPECT_TRUE(!seen->total || *seen->total == 3000u) << *seen->total;
    return seen->ended();
  }));
  EXPECT_EQ(seen->total, 3000u);
  EXPECT_EQ(seen->done, 3000u);
}

TEST_F(Progress, NeverGoesBackByARestart) {
  auto running = office.an_operation(Kind::import_users);
  running.status = Status::running;
  running.total = 3000;
  running.done = 2900;
  running.failed = 50;
  const auto import = waiting_import(3000, running);
  office.reopen();
  std::uint64_t most = 0;
  ASSERT_TRUE(office.soon([&] {
    const auto seen = office.operations->find(office.account, import.id);
    EXPECT_GE(seen->done + seen->failed, std::max<std::uint64_t>(most, 2950));
    most = seen->done + seen->failed;
    return seen->ended();
  }));
  EXPECT_EQ(office.operations->find(office.account, import.id)->done, 3000u);
}

TEST_F(Progress, OfAGenerationCountsWhatAFormerRunHasDone) {
  for (int i = 0; i < 5; ++i) office.a_user("person-" + std::to_string(i));
  auto generation = office.an_operation(Kind::generate_for_new_users);
  generation.accepted = true;
  generation.status = Status::running;  // and nothing saved of what it has done
  const auto first = office.a_user("first");
  domain::GenerateForNewUsers chunk{generation.id, {first}, {}};
  chunk.drawn = commands::draw_codes(office.lookup, domain::slot_of(office.account), 3, office.now());
  ASSERT_TRUE(office.submitter.wait(office.as_admin(), chunk).ok());
  ASSERT_FALSE(OperationFiles(office.files).save(generation));
  office.reopen();
  const auto ended = office.ended(generation.id);
  EXPECT_EQ(ended.done, 6u);
  EXPECT_EQ(ended.total, 6u);
}

TEST_F(Progress, WhatHadEndedIsAnnouncedByTheNextStartUnlessItHasBeen) {
  for (const bool written : {false, true}) {
    auto operation = office.an_operation(Kind::generate_for_new_users);
    operation.accepted = true;
    operation.status = Status::done;
    operation.total = operation.done = 7;
    operation.finished_at = office.now();
    if (written) {
      const domain::RecordOperation finished{operation.id, "generate_for_new_users", true, true, 7, 7, 0};
      ASSERT_TRUE(office.submitter.wait(office.as_admin(), finished).ok());
    }
    ASSERT_FALSE(OperationFiles(office.files).save(operation));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    office.reopen();
    EXPECT_EQ(office.ended(operation.id).done, 7u) << "it isn't run again";
    EXPECT_EQ(office.events(EventType::operation_finished, operation.id), 1u) << written;
  }
}

TEST_F(Progress, AnOperationShowsAsEndedOnlyWithItsEventWhichIsNotLost) {
  const auto operation = office.an_operation(Kind::generate_for_new_users);
  ASSERT_FALSE(office.operations->prepare(operation));
  ASSERT_TRUE(office.submit_start(operation).ok());
  office.log.doubt_next(DoubtfulLog::Truth::lost);
  office.operations->begin(operation.id);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));  // longer than the sequencer waits
  EXPECT_FALSE(office.operations->find(office.account, operation.id)->ended());
  office.log.settle_doubt();
  EXPECT_EQ(office.ended(operation.id).status, Status::done);
  EXPECT_EQ(office.events(EventType::operation_finished, operation.id), 1u);
}

}  // namespace
}  // namespace countersign::operations::test
