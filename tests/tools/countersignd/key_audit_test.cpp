// People without a key are found wherever they stand, and nobody else is taken for one.

#include "tools/countersignd/key_audit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/adapters/operations/office.h"

namespace countersign::server {
namespace {

class KeyAudit : public ::testing::Test {
 protected:
  PeopleWithoutKeys found(const std::stop_token& stop = {}) {
    office.wait_landed();
    return people_without_keys(*office.keys, office.views, stop);
  }
  void lose_key(domain::UserId user) { ASSERT_FALSE(office.keys->erase_subject(office.account, user)); }
  operations::test::Office office;
};

TEST_F(KeyAudit, FindsWhoIsThereWithoutAKey) {
  std::vector<domain::UserId> people;
  for (int i = 0; i < 30; ++i) people.push_back(office.a_user("person-" + std::to_string(i)));
  std::ranges::sort(people);  // those of one millisecond are in no order
  EXPECT_EQ(found().count, 0u);
  for (const int lost : {0, 1, 13, 29}) lose_key(people[lost]);
  EXPECT_EQ(found().count, 4u);
  EXPECT_EQ(found().first, (std::vector{people[0].text(), people[1].text(), people[13].text(), people[29].text()}));
  for (const auto& person : people) lose_key(person);
  EXPECT_EQ(found().count, 30u);
  EXPECT_EQ(found().first.size(), 5u);
}

TEST_F(KeyAudit, NeitherAnErasedPersonNorAKeyOfNobodyIsOne) {
  const auto gone = office.a_disabled_user("gone");
  office.a_user("here");
  const auto nobody = keys::random_id<domain::UserId>(office.now());
  ASSERT_FALSE(office.keys->create_subject_keys(office.account, std::span(&nobody, 1)));
  ASSERT_TRUE(office.submitter.wait(office.as_admin(), domain::EraseUser{gone}).ok());
  lose_key(gone);
  EXPECT_EQ(found().count, 0u);
}

TEST_F(KeyAudit, EndsWhenTheServerStops) {
  for (int i = 0; i < 3; ++i) lose_key(office.a_user("person-" + std::to_string(i)));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(found(stop.get_token()).count, 1u);
}

}  // namespace
}  // namespace countersign::server
