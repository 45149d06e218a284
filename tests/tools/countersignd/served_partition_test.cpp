// Two nodes on one log in memory: who owns it writes, the other one follows.

#include "tools/countersignd/served_partition.h"

#include <gtest/gtest.h>

#include "adapters/commands/submitter.h"
#include "bus/memory_log.h"
#include "domain/account.h"
#include "tests/support/scratch_directory.h"

namespace countersign::server {
namespace {

class Node {
 public:
  Node(const std::string& name, keys::KeyStore& keys, std::shared_ptr<bus::MemoryPartition> broker)
      : log_(std::move(broker)), keys_(keys), name_(name) {}

  testing::ScratchDirectory scratch;
  projections::Views views{{.directory = scratch / "views", .block_cache_bytes = 1 << 20}};
  commands::Published published{views};

 private:
  commands::RefusalLog refusals_;
  bus::MemoryLog log_;
  keys::KeyStore& keys_;
  const std::string name_;

 public:
  ServedPartition partition{{views, published, keys_, refusals_, {}, name_, {}, {}, {}}, log_, {}, {}};
};

TEST(AFollower, PublishesWhatItFoldsBeforeItLands) {
  const testing::ScratchDirectory scratch;
  const auto keys =
      keys::KeyStore::open(scratch / "keys", keys::random_master_key(), keys::KeyStore::Mode::create_if_missing);
  ASSERT_FALSE(keys->create_account_key(domain::system_account()));
  const auto broker = std::make_shared<bus::MemoryPartition>();
  Node owner("owner", *keys, broker), follower("follower", *keys, broker);
  ASSERT_TRUE(owner.partition.running().own());
  follower.partition->start();
  commands::Partitions partitions{{&*owner.partition}};
  commands::Submitter submitter{partitions};

  int looks = 0;
  const auto found = follower.published.find([&](const projections::ViewState& state) {
    auto account = state.account(domain::system_account());
    if (++looks == 1) {
      commands::Call call;
      call.context.account = domain::system_account();
      call.context.actor = {domain::PartyKind::system, {}};
      const auto written = submitter.wait(call, domain::CreateSystemAccount{});
      EXPECT_TRUE(written.ok());
      std::promise<boost::system::error_code> landed;
      follower.partition->when_landed(written.settlement.frame, [&](auto error) { landed.set_value(error); });
      EXPECT_FALSE(landed.get_future().get());
    }
    return account;
  });
  EXPECT_EQ(looks, 2) << "what landed meanwhile wasn't published";
  EXPECT_TRUE(found);
  EXPECT_TRUE(follower.published.unlanded().empty()) << "it stands in the views";
}

}  // namespace
}  // namespace countersign::server
