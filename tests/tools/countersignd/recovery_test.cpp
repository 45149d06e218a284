// What a start does before it serves: folds what the views lack, refuses a log that is not the one that was
// acknowledged, destroys again what was erased and nothing else.

#include "tools/countersignd/recovery.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "adapters/keys/log_identity.h"
#include "adapters/keys/master_key.h"
#include "adapters/keys/random.h"
#include "bus/embedded_log_keys.h"
#include "bus/frame.h"
#include "bus/hash.h"
#include "projections/projector.h"
#include "projections/rows.h"
#include "tests/support/installation.h"
#include "tests/support/log_calls.h"
#include "tools/countersignd/data_directory.h"

namespace countersign::server {
namespace {

namespace fs = std::filesystem;
using testing::Installation;

/// The parts of a data directory as a start opens them.
struct Opened {
  explicit Opened(const Installation& there, const std::string& log_directory = "log")
      : directory(there.directory()),
        keys(keys::KeyStore::open(directory / "keys", keys::load_master_key(there.master_file()),
                                  keys::KeyStore::Mode::open_existing)),
        log({.directory = (directory / log_directory).string(),
             .identity = keys::log_identity(*keys),
             .reserve_bytes = 0}),
        views({.directory = (directory / "views").string(), .block_cache_bytes = 1 << 20}) {}

  bus::AcceptanceState recover() {
    Log quiet("text", "error");
    return server::recover({log, *keys, views, keys::log_identity(*keys), directory / "log", directory / "keys"},
                           quiet);
  }
  /// What the operator is told.
  std::string refusal() {
    try {
      recover();
    } catch (const StartRefused& refused) {
      return refused.what();
    }
    return "";
  }

  fs::path directory;
  std::unique_ptr<keys::KeyStore> keys;
  bus::EmbeddedLog log;
  projections::Views views;
};

/// Changes a stored record behind the log's back.
void flip_record(const fs::path& log, std::int64_t offset) {
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, (log / "db").string(), &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::string record;
  ASSERT_TRUE(db->Get({}, bus::key_of(bus::Offset{offset}), &record).ok());
  record[record.size() / 2] ^= 1;
  rocksdb::WriteOptions sync;
  sync.sync = true;
  ASSERT_TRUE(db->Put(sync, bus::key_of(bus::Offset{offset}), record).ok());
}

TEST(Recovery, FoldsWhatTheViewsLack) {
  const Installation there;
  std::string whole;
  {
    Opened opened(there);
    EXPECT_EQ(bus::value(opened.recover().last), there.frames);
    whole = projections::fingerprint(opened.views);
  }
  fs::remove_all(there.directory() / "views");
  Opened opened(there);
  EXPECT_EQ(bus::value(opened.recover().last), there.frames);
  EXPECT_EQ(projections::fingerprint(opened.views), whole);
}

TEST(Recovery, DestroysTheKeyOfAnErasedUserAgain) {
  const Installation there;
  Opened opened(there);
  ASSERT_FALSE(opened.keys->create_subject_keys(there.account, std::span(&there.bob, 1)));
  opened.recover();
  EXPECT_FALSE(opened.keys->subject_key(there.account, there.bob).value());
  EXPECT_TRUE(opened.keys->subject_key(there.account, there.ada).value());
}

TEST(Recovery, DestroysAnErasedUsersKeyWhenTheViewsAreFoldedAnew) {
  const Installation there;
  fs::remove_all(there.directory() / "views");
  Opened opened(there);
  ASSERT_FALSE(opened.keys->create_subject_keys(there.account, std::span(&there.bob, 1)));
  opened.recover();
  EXPECT_FALSE(opened.keys->subject_key(there.account, there.bob).value());
}

TEST(Recovery, LeavesKeysOfWhomTheViewsDoNotKnow) {
  const Installation there;
  Opened opened(there);
  const auto never_created = keys::random_id<domain::UserId>(there.end);
  ASSERT_FALSE(opened.keys->create_subject_keys(there.account, std::span(&never_created, 1)));
  projections::Overlay lost;  // views are never the reason to destroy a key
  lost.erase(projections::user_key(there.account, there.ada));
  lost.position = opened.views.position();
  opened.views.land(lost);
  opened.recover();
  EXPECT_TRUE(opened.keys->subject_key(there.account, there.ada).value());
  EXPECT_TRUE(opened.keys->subject_key(there.account, never_created).value());
}

TEST(Recovery, RefusesAKeyStoreThatLacksTheKeyOfSomebodyWhoIsThere) {
  const Installation there;
  Opened opened(there);
  ASSERT_FALSE(opened.keys->erase_subject(there.account, there.ada));
  const auto text = opened.refusal();
  EXPECT_NE(text.find("lacks the key of " + there.ada.text()), std::string::npos) << text;
  EXPECT_NE(text.find((there.directory() / "keys").string()), std::string::npos) << text;
}

TEST(Recovery, RefusesAnOlderCopyOfTheLogUnderNewerViews) {
  const Installation there;
  {
    Opened whole(there);
    const auto records = testing::read_all(whole.log);
    bus::EmbeddedLog older({.directory = (there.directory() / "older").string(),
                            .identity = keys::log_identity(*whole.keys),
                            .reserve_bytes = 0});
    for (std::size_t i = 0; i + 2 < records.size(); ++i)
      ASSERT_EQ(testing::append(older, records[i]).outcome, bus::AppendOutcome::durable);
  }
  Opened opened(there, "older");
  EXPECT_NE(opened.refusal().find("an older copy of the log was put back"), std::string::npos) << opened.refusal();
}

TEST(Recovery, RefusesARecordOfANewerFormatAndLeavesItThere) {
  const Installation there;
  Opened opened(there);
  const auto identity = keys::log_identity(*opened.keys);
  const auto log_key = opened.keys->cluster().log.key.view();
  std::string record = bus::FrameCodec(identity, log_key).encode(bus::Claim{bus::Term{2}, {}, {}, "node", ""});
  record[7] = 2;  // the format that a reader needs, and the release that has it
  record[10] = 9;
  const auto signed_size = record.size() - bus::record_mac_bytes;
  bus::HmacSha256 mac(log_key);
  record.replace(signed_size, bus::record_mac_bytes, bus::view(mac(std::string_view(record).substr(0, signed_size))));
  ASSERT_EQ(testing::append(opened.log, record).outcome, bus::AppendOutcome::durable);
  for (int start = 0; start < 2; ++start) {
    const auto text = opened.refusal();
    EXPECT_NE(text.find("install release 0.9.0 or newer"), std::string::npos) << text;
    EXPECT_NE(text.find((there.directory() / "log").string()), std::string::npos) << text;
  }
  EXPECT_EQ(testing::read_all(opened.log).back(), record);
}

TEST(Recovery, RefusesEveryRecordThatWasChanged) {
  const Installation whole;
  for (std::int64_t offset = 0; offset <= static_cast<std::int64_t>(whole.frames); ++offset) {
    const Installation there;
    fs::remove_all(there.directory() / "views");
    flip_record(there.directory() / "log", offset);
    // The newest is held against the anchor when the log is opened.
    std::string text;
    try {
      text = Opened(there).refusal();
    } catch (const bus::LogRefused& refused) {
      text = refused.what();
    }
    EXPECT_TRUE(text.find("don't count") != std::string::npos || text.find("is not the one that") != std::string::npos)
        << offset << ": " << text;
    EXPECT_NE(text.find((there.directory() / "log").string()), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace countersign::server
