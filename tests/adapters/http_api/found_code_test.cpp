// A code that leaves its user's row while somebody looks for it.

#include "adapters/http/api/found_code.h"

#include <gtest/gtest.h>

#include "domain/state_over.h"
#include "tests/support/story.h"

namespace countersign::http {
namespace {

using namespace countersign::testing;

/// As it was until the first look for where a code is, and as it is after that.
class ChangesMeanwhile : public domain::StateOver {
 public:
  ChangesMeanwhile(const domain::State& before, const domain::State& after) : StateOver(after), before_(before) {}

  std::optional<domain::Located> locate_code(domain::AccountId account, domain::CodeId id) const override {
    return (looks_++ == 0 ? before_ : below_).locate_code(account, id);
  }

 private:
  const domain::State& before_;
  mutable int looks_ = 0;
};

TEST(ACodeThatEndsMeanwhile, IsFound) {
  auto before = given(a_device("ada", "A")), after = given(a_device("ada", "A") + std::vector{revoke("A")});
  const ChangesMeanwhile state(before->state(), after->state());
  const auto found = find_code(state, before->account, code("A"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code->status, domain::CodeStatus::revoked);
}

TEST(ACodeThatIsNowhere, IsNotFound) {
  auto story = given({a_user("ada")});
  EXPECT_FALSE(find_code(story->state(), story->account, code("A")));
}

}  // namespace
}  // namespace countersign::http
