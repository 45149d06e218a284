// The audit of a data directory: what verifies, what is named when it doesn't, what the state was at a moment, and
// views built anew without any key.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <fstream>
#include <map>

#include "adapters/keys/master_key.h"
#include "bus/embedded_log_keys.h"
#include "tests/support/installation.h"
#include "tools/replay/erasures.h"
#include "tools/replay/folding.h"
#include "tools/replay/state_at.h"
#include "tools/replay/verify.h"

namespace countersign::replay {
namespace {

namespace fs = std::filesystem;
using testing::Installation;

/// Names, sizes and contents of all files below, to prove that nothing was written.
std::map<std::string, std::string> contents_of(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    std::ifstream in(entry.path(), std::ios::binary);
    if (entry.is_regular_file()) files[entry.path()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

/// Changes a stored record behind the log's back.
void rewrite(const fs::path& log, std::int64_t offset, const std::function<void(std::string&)>& change) {
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, (log / "db").string(), &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::string record;
  ASSERT_TRUE(db->Get({}, bus::key_of(bus::Offset{offset}), &record).ok());
  change(record);
  rocksdb::WriteOptions sync;
  sync.sync = true;
  ASSERT_TRUE(db->Put(sync, bus::key_of(bus::Offset{offset}), record).ok());
}

void flip_in_the_middle(std::string& record) {
  record[record.size() / 2] ^= 1;
}

TEST(Verify, FindsAllWellAndWritesNothing) {
  const Installation there;
  const auto before = contents_of(there.directory());
  const auto result = verify({there.directory(), {}, false}, {});
  EXPECT_FALSE(result.wrong) << *result.wrong;
  EXPECT_EQ(result.frames, there.frames);
  EXPECT_EQ(result.records, there.frames + 1);
  EXPECT_EQ(result.accounts, 2u);
  EXPECT_TRUE(result.views_equal);
  EXPECT_TRUE(result.unchecked.empty());
  EXPECT_GT(result.seals_opened, 5u);
  EXPECT_EQ(result.seals_erased, 3u) << "bob's creation, code and disabling";
  EXPECT_EQ(contents_of(there.directory()), before);
}

TEST(Verify, SaysWhatItCouldntCheckWithoutKeys) {
  const Installation there;
  const auto with = verify({there.directory(), {}, false}, {});
  fs::remove(there.master_file());
  const auto result = verify({there.directory(), {}, false}, {});
  EXPECT_FALSE(result.wrong) << *result.wrong;
  EXPECT_EQ(result.head, with.head);
  ASSERT_EQ(result.unchecked.size(), 2u);
  EXPECT_NE(result.unchecked[1].find("seals"), std::string::npos) << result.unchecked[1];
  EXPECT_NE(result.unchecked[0].find("HMAC"), std::string::npos);
  EXPECT_NE(result.unchecked[0].find(there.master_file().string()), std::string::npos);
}

TEST(Verify, NamesTheFirstRecordThatWasChanged) {
  const Installation there;
  rewrite(there.directory() / "log", 4, flip_in_the_middle);
  rewrite(there.directory() / "log", 6, flip_in_the_middle);
  const auto result = verify({there.directory(), {}, false}, {});
  ASSERT_TRUE(result.wrong);
  EXPECT_NE(result.wrong->find("offset 4"), std::string::npos) << *result.wrong;
  EXPECT_NE(result.wrong->find("forged"), std::string::npos) << *result.wrong;
}

TEST(Verify, SeesAChangeWithoutKeysByTheChain) {
  const Installation there;
  // The HMAC itself: without keys nothing of the record looks wrong, but its successor names another head.
  rewrite(there.directory() / "log", 4, [](std::string& record) { record.back() ^= 1; });
  const auto result = verify({there.directory(), {}, true}, {});
  ASSERT_TRUE(result.wrong);
  EXPECT_NE(result.wrong->find("offset 5"), std::string::npos) << *result.wrong;
}

TEST(Verify, SeesViewsThatDiffer) {
  const Installation there;
  {
    projections::Views views({.directory = (there.directory() / "views").string()});
    projections::Overlay overlay;
    overlay.put("Ustranger", "row");
    overlay.position = views.position();
    views.land(overlay);
    views.flush();
  }
  const auto result = verify({there.directory(), {}, false}, {});
  ASSERT_TRUE(result.wrong);
  EXPECT_NE(result.wrong->find("countersign-replay rebuild"), std::string::npos);
  EXPECT_NE(result.wrong->find("a row of table 'U'"), std::string::npos) << *result.wrong;
}

TEST(Verify, ADirectoryWithoutALogIsNoLog) {
  testing::ScratchDirectory empty;
  EXPECT_THROW(verify({empty.path(), {}, false}, {}), std::runtime_error);
}

TEST(StateAt, ShowsWhatWasThen) {
  const Installation there;
  const Source source{there.directory(), {}, false};
  const auto then = state_at(source, {there.account, Moment::at_time(there.before_bob_left), {}}, {}).as_object();
  EXPECT_EQ(then.at("account").at("name").as_string(), "Example");
  ASSERT_EQ(then.at("users").as_array().size(), 2u);
  const auto ada = state_at(source, {there.account, Moment::at_time(there.before_bob_left), {there.ada, {}}}, {})
                       .at("users")
                       .as_array()
                       .at(0);
  EXPECT_EQ(ada.at("first_name").as_string(), "Ada");
  EXPECT_EQ(ada.at("registration_codes").as_array().size(), 2u);
  EXPECT_EQ(ada.at("devices").at(0).at("status").as_string(), "active");
  EXPECT_TRUE(ada.at("tokens").at(0).at("active").as_bool());
  const auto earlier =
      state_at(source, {there.account, Moment::at_time(there.before_bob_left - 1), {there.ada, {}}}, {});
  EXPECT_TRUE(earlier.at("users").at(0).at("devices").as_array().empty());
  const auto now = state_at(source, {there.account, Moment::at_time(there.end), {}}, {});
  EXPECT_EQ(now.at("users").as_array().size(), 1u);
  EXPECT_TRUE(state_at(source, {there.account, Moment::at_time(there.end), {there.bob, {}}}, {}).is_null());
  EXPECT_TRUE(state_at(source, {there.account, Moment::at_time(1000), {}}, {}).is_null());
}

TEST(StateAt, WithoutKeysThereAreNoNames) {
  const Installation there;
  const auto state =
      state_at({there.directory(), {}, true}, {there.account, Moment::at_time(there.before_bob_left), {}}, {});
  EXPECT_FALSE(state.at("account").as_object().contains("name"));
  EXPECT_FALSE(state.at("users").at(0).as_object().contains("email"));
  EXPECT_EQ(state.at("users").as_array().size(), 2u);
}

TEST(StateAt, AnErasedPersonHasNoNameEvenInThePast) {
  const Installation there;
  const auto bob = state_at({there.directory(), {}, false},
                            {there.account, Moment::at_time(there.before_bob_left), {there.bob, {}}}, {});
  EXPECT_FALSE(bob.at("users").at(0).as_object().contains("email"));
}

TEST(Erasures, AreListedAndSignedForARestore) {
  const Installation there;
  const Source source{there.directory(), {}, false};
  AuditedLog log(source);
  const auto also = there.directory() / "also";
  std::ofstream(also) << there.account.text() << " " << there.ada.text() << "\n\n"
                      << there.account.text() << " " << there.bob.text() << "\n";
  const std::vector<keys::Subject> bob{{there.account, there.bob}}, both{bob[0], {there.account, there.ada}};
  const auto known = keys::public_key_of(log.keys()->cluster().signing.key);
  const auto people_in = [&](const std::filesystem::path& file) {
    const auto opened = notary::open_erasures(signed_erasures(source, file, {}), {&known, 1}, log.identity());
    const auto* list = std::get_if<notary::ErasureList>(&opened);
    EXPECT_TRUE(list) << std::get<std::string>(opened);
    return list ? list->people : std::vector<keys::Subject>{};
  };
  EXPECT_EQ(people_in({}), bob);
  EXPECT_EQ(people_in(also), both);
  EXPECT_THROW(signed_erasures({there.directory(), {}, true}, {}, {}), std::runtime_error) << "the keys sign";
  std::ofstream(also, std::ios::app) << there.account.text();
  EXPECT_THROW(signed_erasures(source, also, {}), std::runtime_error) << "cut off";
}

TEST(Rebuild, WithoutKeysIsByteForByteTheSame) {
  const Installation there;
  const auto views = (there.directory() / "views").string();
  const auto fingerprint = [&] {
    return projections::fingerprint(projections::Views({.directory = views, .read_only = true}));
  };
  const auto before = fingerprint();
  fs::remove_all(there.directory() / "keys");
  EXPECT_GT(rebuild({there.directory(), {}, true}, {}), 8u);
  EXPECT_EQ(fingerprint(), before);
  fs::remove_all(views);
  rebuild({there.directory(), {}, true}, {});
  EXPECT_EQ(fingerprint(), before);
  EXPECT_FALSE(fs::exists(there.directory() / "views.old"));
  EXPECT_FALSE(fs::exists(there.directory() / "views.rebuilt"));
}

TEST(Rebuild, IsRefusedWhileAServerRuns) {
  const Installation there;
  const DirectoryLock server(there.directory());
  try {
    rebuild({there.directory(), {}, true}, {});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("in use"), std::string::npos);
  }
}

}  // namespace
}  // namespace countersign::replay
