// What becomes of an operation whose request was refused, broke off, or was told that nobody knows.

#include "tests/adapters/operations/office.h"

namespace countersign::operations::test {
namespace {

using domain::EventType;
using Truth = DoubtfulLog::Truth;

class Fate : public ::testing::Test {
 protected:
  /// Its event's append was left in doubt, and the request was told so.
  Operation doubtful_generation(Truth truth) {
    const auto operation = office.an_operation(Kind::generate_for_new_users);
    Preparation prepared(*office.operations, operation);
    EXPECT_FALSE(prepared.store());
    office.log.doubt_next(truth);
    EXPECT_EQ(office.submit_start(operation).settlement.error, bus::errc::outcome_unknown);
    return operation;
  }
  bool gone(const Operation& operation) { return !office.has_file(operation.id.text() + ".json"); }
  Office office;
};

TEST_F(Fate, APreparedOneIsDurableAndNeitherSeenNorRun) {
  const auto operation = office.an_operation(Kind::generate_for_new_users);
  ASSERT_FALSE(office.operations->prepare(operation));
  EXPECT_FALSE(gone(operation));
  EXPECT_FALSE(office.operations->find(office.account, operation.id));
  office.operations->withdraw(operation.id);
  EXPECT_TRUE(gone(operation));
}

TEST_F(Fate, BeginningTwiceRunsOnce) {
  const auto operation = office.an_operation(Kind::generate_for_new_users);
  ASSERT_FALSE(office.operations->prepare(operation));
  ASSERT_TRUE(office.submit_start(operation).ok());
  office.operations->begin(operation.id);
  office.operations->begin(operation.id);
  EXPECT_EQ(office.ended(operation.id).status, Status::done);
  office.operations->begin(operation.id);
  office.operations->withdraw(operation.id);
  EXPECT_TRUE(office.operations->find(office.account, operation.id)) << "a begun one isn't withdrawn";
  office.close();
  EXPECT_EQ(office.events(EventType::operation_finished, operation.id), 1u);
}

TEST_F(Fate, OneInDoubtRunsAsSoonAsItsEventIsFound) {
  const auto operation = doubtful_generation(Truth::written);
  EXPECT_FALSE(office.operations->find(office.account, operation.id));
  office.log.settle_doubt();
  EXPECT_EQ(office.ended(operation.id).status, Status::done);
  EXPECT_EQ(office.events(EventType::operation_finished, operation.id), 1u);
}

/// Each partition has views of its own pace.
TEST_F(Fate, OneInDoubtIsLookedForWhenItsAccountsPartitionHasLanded) {
  const auto operation = doubtful_generation(Truth::written);
  office.log.settle_doubt();
  EXPECT_EQ(office.ended(operation.id).status, Status::done);
  EXPECT_EQ(office.waited_for(), std::set{office.account});
}

TEST_F(Fate, OneInDoubtGoesAsSoonAsItsEventNeverWillBe) {
  const auto operation = doubtful_generation(Truth::lost);
  EXPECT_FALSE(gone(operation));
  office.log.settle_doubt();
  EXPECT_TRUE(Office::soon([&] { return gone(operation); }));
  EXPECT_FALSE(office.operations->find(office.account, operation.id));
  EXPECT_EQ(office.events(EventType::operation_finished, operation.id), 0u);
}

TEST_F(Fate, AStartRunsWhatWasAcceptedAndRemovesWhatWasNot) {
  const auto accepted = office.an_operation(Kind::generate_for_new_users),
             asked_for_in_vain = office.an_operation(Kind::import_users);
  ASSERT_FALSE(office.operations->prepare(accepted));
  ASSERT_FALSE(office.operations->prepare(asked_for_in_vain));
  ASSERT_TRUE(office.submit_start(accepted).ok());
  office.reopen();
  EXPECT_TRUE(office.operations->find(office.account, accepted.id)) << "its request may have been answered";
  EXPECT_TRUE(gone(asked_for_in_vain));
  EXPECT_EQ(office.ended(accepted.id).status, Status::done);
  EXPECT_EQ(office.events(EventType::operation_finished, asked_for_in_vain.id), 0u);
}

TEST_F(Fate, AStartFinishesTheErasureOfAUserWhoIsGoneAndNoOther) {
  const auto erased = office.a_disabled_user("erased"), stays = office.a_disabled_user("stays");
  auto first = office.an_operation(Kind::erase_user), second = office.an_operation(Kind::erase_user);
  first.user = erased;
  second.user = stays;
  ASSERT_FALSE(office.operations->prepare(first));
  ASSERT_FALSE(office.operations->prepare(second));
  ASSERT_TRUE(office.submitter.wait(office.as_admin(), domain::EraseUser{erased}).ok());
  office.reopen();
  EXPECT_EQ(office.ended(first.id).status, Status::done);
  EXPECT_TRUE(Office::soon([&] { return gone(second); }));
  EXPECT_FALSE(office.has_key(erased));
  EXPECT_EQ(office.forgotten, std::vector{erased});
  EXPECT_TRUE(office.has_key(stays));
}

TEST_F(Fate, TheUnfinishedErasureOfAUserIsFoundUntilItHasEnded) {
  auto erasure = office.an_operation(Kind::erase_user);
  erasure.user = office.a_disabled_user("erased");
  EXPECT_FALSE(office.operations->erasure_of(office.account, erasure.user));
  ASSERT_FALSE(office.operations->prepare(erasure));
  ASSERT_TRUE(office.operations->erasure_of(office.account, erasure.user));
  EXPECT_FALSE(office.operations->erasure_of(domain::system_account(), erasure.user));
  ASSERT_TRUE(office.submitter.wait(office.as_admin(), domain::EraseUser{erasure.user}).ok());
  office.operations->begin(erasure.id);
  office.ended(erasure.id);
  EXPECT_FALSE(office.operations->erasure_of(office.account, erasure.user));
}

}  // namespace
}  // namespace countersign::operations::test
