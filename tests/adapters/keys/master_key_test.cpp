#include "adapters/keys/master_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/adapters/keys/scratch_directory.h"

namespace countersign::keys {
namespace {

using test::bytes_of;
using test::put_bytes;
using test::ScratchDirectory;

std::string refusal_of(const std::filesystem::path& file) {
  try {
    load_master_key(file);
  } catch (const StartError& error) {
    return error.what();
  }
  return "not refused";
}

TEST(MasterKey, IsReadBackAsWrittenAndPrivate) {
  const ScratchDirectory scratch;
  const auto file = scratch / "master-key";
  const MasterKey made = create_master_key(file);
  const MasterKey read = load_master_key(file);
  EXPECT_EQ(read.id, made.id);
  EXPECT_EQ(read.key.view(), made.key.view());
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(MasterKey, IsNeverOverwritten) {
  const ScratchDirectory scratch;
  const auto file = scratch / "master-key";
  create_master_key(file);
  const std::string before = bytes_of(file);
  EXPECT_THROW(create_master_key(file), StartError);
  EXPECT_EQ(bytes_of(file), before);
  load_or_create_master_key(file, true);
  EXPECT_EQ(bytes_of(file), before);
}

TEST(MasterKey, IsMadeOnlyWhenAllowed) {
  const ScratchDirectory scratch;
  EXPECT_THROW(load_or_create_master_key(scratch / "k", false), StartError);
  EXPECT_FALSE(std::filesystem::exists(scratch / "k"));
  EXPECT_NO_THROW(load_or_create_master_key(scratch / "k", true));
}

TEST(MasterKey, RefusesWithTextThatSaysWhatAndWhere) {
  const ScratchDirectory scratch;
  const auto file = scratch / "master-key";
  EXPECT_NE(refusal_of(file).find("no such file"), std::string::npos);
  create_master_key(file);
  const std::string good = bytes_of(file);
  for (const mode_t mode : {0640, 0604, 0660, 0644, 0777}) {
    ::chmod(file.c_str(), mode);
    EXPECT_NE(refusal_of(file).find("chmod 600 " + file.string()), std::string::npos) << mode;
  }
  ::chmod(file.c_str(), 0600);
  put_bytes(file, "countersign-master-key v2\nwhatever\n");
  EXPECT_NE(refusal_of(file).find("newer version"), std::string::npos);
  for (const std::string& bad : {std::string(), std::string("hello"), good.substr(0, good.size() - 1), good + "\n",
                                 good.substr(0, 60), std::string(100'000, 'x')}) {
    put_bytes(file, bad);
    EXPECT_NE(refusal_of(file).find("damaged or not a master key"), std::string::npos) << bad.substr(0, 200);
  }
  EXPECT_NE(refusal_of(scratch.path()).find("not a regular file"), std::string::npos);
}

TEST(MasterKey, EveryChangedCharacterIsNoticed) {
  const ScratchDirectory scratch;
  const auto file = scratch / "master-key";
  create_master_key(file);
  const std::string good = bytes_of(file);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '1' ? '2' : '1';
    put_bytes(file, bad);
    EXPECT_NE(refusal_of(file), "not refused") << "at " << i;
  }
}

}  // namespace
}  // namespace countersign::keys
