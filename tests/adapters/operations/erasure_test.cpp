// The second half of an erasure, over a key store that fails for a while.

#include "tests/adapters/operations/office.h"

namespace countersign::operations::test {
namespace {

class Erasure : public ::testing::Test {
 protected:
  /// Of a user whose user.erased is in the log, while the key store's disk is full.
  Operation begun_on_a_full_disk() {
    auto erasure = office.an_operation(Kind::erase_user);
    erasure.user = office.a_disabled_user("gone");
    EXPECT_FALSE(office.operations->prepare(erasure));
    EXPECT_TRUE(office.submitter.wait(office.as_admin(), domain::EraseUser{erasure.user}).ok());
    office.disk->set_full(true);
    office.operations->begin(erasure.id);
    return erasure;
  }
  Office office;
};

TEST_F(Erasure, IsTriedUntilTheKeyIsDestroyedAndSaysSoMeanwhile) {
  const auto erasure = begun_on_a_full_disk();
  ASSERT_TRUE(office.soon([&] { return office.operations->find(office.account, erasure.id)->failure != ""; }));
  const auto waiting = office.operations->find(office.account, erasure.id);
  EXPECT_EQ(waiting->status, Status::running);
  EXPECT_NE(waiting->failure.find("tried again"), std::string::npos) << waiting->failure;
  EXPECT_EQ(office.events(domain::EventType::operation_finished, erasure.id), 0u);
  office.disk->set_full(false);
  const auto ended = office.ended(erasure.id);
  EXPECT_EQ(ended.status, Status::done);
  EXPECT_EQ(ended.failure, "");
  EXPECT_FALSE(office.has_key(erasure.user));
}

TEST_F(Erasure, AStopDoesNotWaitForItAndTheNextStartGoesOn) {
  const auto erasure = begun_on_a_full_disk();
  ASSERT_TRUE(office.soon([&] { return office.operations->find(office.account, erasure.id)->failure != ""; }));
  office.close();
  office.disk->set_full(false);
  office.open();
  EXPECT_EQ(office.ended(erasure.id).status, Status::done);
  EXPECT_FALSE(office.has_key(erasure.user));
}

}  // namespace
}  // namespace countersign::operations::test
