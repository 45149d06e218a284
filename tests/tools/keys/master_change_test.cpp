// Changing the master key: all keys stay, only their wrapping changes, and a crash or a mistake leaves a store that
// opens.

#include "tools/keys/master_change.h"

#include <gtest/gtest.h>

#include "adapters/keys/master_key.h"
#include "tests/support/installation.h"
#include "tools/replay/folding.h"
#include "tools/replay/verify.h"

namespace countersign::key_tool {
namespace {

namespace fs = std::filesystem;
using testing::Installation;

TEST(MasterChange, WrapsAllKeysAnewAndChangesNothingElse) {
  const Installation there;
  const auto fresh = there.directory() / "new-master-key";
  const auto before = key_ids(there.directory(), {});
  EXPECT_FALSE(change_master({there.directory(), {}, fresh}).empty());
  const auto after = key_ids(there.directory(), fresh);
  ASSERT_EQ(after.size(), 4u);
  EXPECT_NE(after[0], before[0]);
  for (std::size_t i = 1; i < after.size(); ++i) EXPECT_EQ(after[i], before[i]);
  EXPECT_THROW(key_ids(there.directory(), {}), keys::StartError);
  const auto verified = replay::verify({there.directory(), fresh, false}, {});
  EXPECT_FALSE(verified.wrong) << *verified.wrong;
  EXPECT_TRUE(verified.unchecked.empty());
}

TEST(MasterChange, DoneAgainSaysThatItIsDone) {
  const Installation there;
  const MasterChange change{there.directory(), {}, there.directory() / "new"};
  change_master(change);
  EXPECT_NE(change_master(change).find("already"), std::string::npos);
}

TEST(MasterChange, AFileMadeBeforeACrashIsUsed) {
  const Installation there;
  const auto made = keys::create_master_key(there.directory() / "new");
  change_master({there.directory(), {}, there.directory() / "new"});
  EXPECT_EQ(key_ids(there.directory(), there.directory() / "new")[0], "master  " + keys::hex(made.id.view()));
}

TEST(MasterChange, AWrongOldKeyChangesAndMakesNothing) {
  const Installation there;
  keys::create_master_key(there.directory() / "wrong");
  EXPECT_THROW(change_master({there.directory(), there.directory() / "wrong", there.directory() / "new"}),
               std::runtime_error);
  EXPECT_FALSE(fs::exists(there.directory() / "new"));
  EXPECT_EQ(key_ids(there.directory(), {}).size(), 4u);
}

TEST(MasterChange, NeedsAFileOfItsOwnAndAStoppedServer) {
  const Installation there;
  EXPECT_THROW(change_master({there.directory(), {}, there.master_file()}), std::runtime_error);
  const replay::DirectoryLock server(there.directory());
  EXPECT_THROW(change_master({there.directory(), {}, there.directory() / "new"}), std::runtime_error);
  EXPECT_FALSE(fs::exists(there.directory() / "new"));
}

TEST(MasterChange, WithoutAKeyStoreThereIsNothingToDo) {
  testing::ScratchDirectory empty;
  EXPECT_THROW(change_master({empty.path(), {}, empty / "new"}), std::runtime_error);
}

}  // namespace
}  // namespace countersign::key_tool
