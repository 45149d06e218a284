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

TEST(SigningChange, KeepsTheFormerPublicKeyAndNothingSecretOfIt) {
  const Installation there;
  const auto opened = [&](const fs::path& master) {
    return keys::KeyStore::open(there.directory() / "keys", keys::load_master_key(master),
                                keys::KeyStore::Mode::read_only);
  };
  std::vector<keys::PublicKey> expected;
  for (int i = 0; i < 3; ++i) {
    const auto before = key_ids(there.directory(), {});
    expected.push_back(keys::public_key_of(opened(there.master_file())->cluster().signing.key));
    change_signing(there.directory(), {});
    const auto after = key_ids(there.directory(), {});
    for (const int same : {0, 1, 2}) EXPECT_EQ(after[same], before[same]);
    EXPECT_NE(after[3], before[3]);
    EXPECT_EQ(opened(there.master_file())->former_signing_keys(), expected);
  }
  const auto fresh = there.directory() / "new-master-key";
  change_master({there.directory(), {}, fresh});
  EXPECT_EQ(opened(fresh)->former_signing_keys(), expected) << "wrapped anew with the others";
  const replay::DirectoryLock server(there.directory());
  EXPECT_THROW(change_signing(there.directory(), fresh), std::runtime_error);
}

}  // namespace
}  // namespace countersign::key_tool
