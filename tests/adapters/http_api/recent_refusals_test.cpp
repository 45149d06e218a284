#include "adapters/http/api/recent_refusals.h"

#include <gtest/gtest.h>

#include "adapters/keys/random.h"

namespace countersign::http {
namespace {

using domain::Reason;

class Refusals : public testing::Test {
 protected:
  domain::AccountId account = keys::random_id<domain::AccountId>(1), other = keys::random_id<domain::AccountId>(1);
  domain::CodeId code = keys::random_id<domain::CodeId>(1);
};

TEST_F(Refusals, AreFoundByTheirReferenceInTheirAccount) {
  RecentRefusals refusals;
  const auto reference = keys::random_uuid(1);
  refusals.note(reference, {account, code, Reason::code_used});
  const auto found = refusals.find(account, reference);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code, code);
  EXPECT_EQ(found->reason, Reason::code_used);
  EXPECT_FALSE(refusals.find(other, reference));
  EXPECT_FALSE(refusals.find(account, keys::random_uuid(1)));
}

TEST_F(Refusals, TheNewestAreKept) {
  RecentRefusals refusals(3);
  std::vector<domain::Uuid> references(10);
  for (auto& reference : references) {
    reference = keys::random_uuid(1);
    refusals.note(reference, {account, code, Reason::code_unknown});
  }
  for (std::size_t i = 0; i < references.size(); ++i)
    EXPECT_EQ(refusals.find(account, references[i]).has_value(), i >= 7) << i;
}

TEST_F(Refusals, AReferenceThatComesAgainTakesNoSecondPlace) {
  RecentRefusals refusals(2);
  const auto first = keys::random_uuid(1), second = keys::random_uuid(1);
  refusals.note(first, {account, code, Reason::code_used});
  for (int i = 0; i < 5; ++i) refusals.note(second, {account, code, Reason::code_unknown});
  refusals.note(second, {account, code, Reason::code_expired});
  EXPECT_TRUE(refusals.find(account, first));
  EXPECT_EQ(refusals.find(account, second)->reason, Reason::code_expired);
}

}  // namespace
}  // namespace countersign::http
