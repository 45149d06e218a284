// A code that leaves its user's row while somebody looks for it.

#include "adapters/http/api/found_code.h"

#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace countersign::http {
namespace {

using namespace countersign::testing;

/// As it was until the first look for where a code is, and as it is after that.
class ChangesMeanwhile : public domain::State {
 public:
  ChangesMeanwhile(const domain::State& before, const domain::State& after) : before_(before), after_(after) {}

  std::optional<domain::Located> locate_code(domain::AccountId account, domain::CodeId id) const override {
    return (looks_++ == 0 ? before_ : after_).locate_code(account, id);
  }
  std::shared_ptr<const domain::User> user(domain::AccountId account, domain::UserId id) const override {
    return after_.user(account, id);
  }
  std::optional<domain::Located> locate_activation(domain::AccountId account, const domain::Uuid& id) const override {
    return after_.locate_activation(account, id);
  }
  std::shared_ptr<const domain::Account> account(domain::AccountId id) const override { return after_.account(id); }
  std::shared_ptr<const domain::ApiKey> api_key(domain::AccountId account, domain::ApiKeyId id) const override {
    return after_.api_key(account, id);
  }
  std::shared_ptr<const domain::SiemDestination> siem_destination(domain::AccountId account,
                                                                  domain::SiemDestinationId id) const override {
    return after_.siem_destination(account, id);
  }
  std::optional<domain::DigestEntry> find(const domain::Digest& digest) const override { return after_.find(digest); }
  std::optional<domain::AccountId> account_of_slot(std::uint16_t slot) const override {
    return after_.account_of_slot(slot);
  }

 private:
  const domain::State& before_;
  const domain::State& after_;
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
