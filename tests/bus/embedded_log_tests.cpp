// What only the embedded log promises: its refusals, its reserve, copies, and what it does after a failed sync.

#include "bus/embedded_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/forgetful_file_system.h"
#include "tests/support/log_calls.h"
#include "tests/support/scratch_directory.h"

namespace countersign::bus {
namespace {

namespace fs = std::filesystem;
using testing::append;
using testing::read_all;

class AnEmbeddedLog : public ::testing::Test {
 protected:
  AnEmbeddedLog() {
    options.directory = scratch / "log";
    options.identity = testing::test_identity();
  }
  void fill(int records) {
    EmbeddedLog log(options);
    for (int i = 0; i < records; ++i)
      ASSERT_EQ(append(log, "record " + std::to_string(i)).outcome, AppendOutcome::durable);
  }
  void expect_refused(errc code, const std::string& text) {
    try {
      EmbeddedLog log(options);
      ADD_FAILURE() << "opened";
    } catch (const LogRefused& refused) {
      EXPECT_EQ(refused.code(), code) << refused.what();
      EXPECT_NE(std::string(refused.what()).find(text), std::string::npos) << refused.what();
    }
  }

  testing::ScratchDirectory scratch;
  EmbeddedLogOptions options;
};

TEST_F(AnEmbeddedLog, InUseIsRefused) {
  EmbeddedLog first(options);
  expect_refused(errc::in_use, "another process has it open");
}

TEST_F(AnEmbeddedLog, WithoutItsAnchorIsRefused) {
  fill(3);
  fs::remove(options.directory + "/anchor");
  expect_refused(errc::anchor_missing,
                 "anchor file " + options.directory + "/anchor is missing beside a log of 3 records");
}

TEST_F(AnEmbeddedLog, MissingBesideItsAnchorIsRefused) {
  fill(3);
  fs::remove_all(options.directory + "/db");
  expect_refused(errc::log_missing, "3 records were acknowledged");
}

TEST_F(AnEmbeddedLog, OfAnotherClusterIsRefused) {
  fill(1);
  options.identity.cluster[0] = 0xff;
  expect_refused(errc::wrong_cluster, "belongs to cluster 0102030405060708090a0b0c0d0e0f10");
}

TEST_F(AnEmbeddedLog, OfAnotherPartitionIsRefused) {
  fill(1);
  options.identity.partition = 9;
  expect_refused(errc::wrong_partition, "belongs to partition 0");
}

TEST_F(AnEmbeddedLog, WithADamagedAnchorIsRefused) {
  fill(3);
  std::ofstream(options.directory + "/anchor", std::ios::binary) << std::string(8192, 'x');
  expect_refused(errc::corrupt, "damaged");
}

TEST_F(AnEmbeddedLog, WhoseAnchorANewerReleaseWroteIsRefused) {
  fill(3);
  const std::string anchor = options.directory + "/anchor";
  std::ifstream in(anchor, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (const std::size_t slot : {0u, 4096u}) {  // the other one is still this release's
    std::string bytes = whole;
    ASSERT_EQ(bytes.substr(slot, 9), "CSanchor\x01");
    bytes[slot + 8] = 2;
    std::ofstream(anchor, std::ios::binary) << bytes;
    expect_refused(errc::newer_format, "anchor file " + anchor + " is of a newer version");
  }
  std::ofstream(anchor, std::ios::binary) << whole;
  EXPECT_EQ(read_all(*std::make_unique<EmbeddedLog>(options)).size(), 3u);
}

TEST_F(AnEmbeddedLog, WhoseMirroredAnchorANewerReleaseWroteIsRefused) {
  options.anchor_mirror = scratch / "mirror";
  fill(3);
  std::fstream(options.anchor_mirror, std::ios::in | std::ios::out | std::ios::binary).seekp(8).put('\x02');
  expect_refused(errc::newer_format, "anchor file " + options.anchor_mirror + " is of a newer version");
}

TEST_F(AnEmbeddedLog, WhoseNewestWriteAheadLogIsGoneIsRefused) {
  fill(3);
  for (const auto& file : fs::directory_iterator(options.directory + "/db")) {
    if (file.path().extension() == ".log") fs::remove(file.path());
  }
  expect_refused(errc::below_anchor, "3 were acknowledged");
}

TEST_F(AnEmbeddedLog, PutBackAsAnOlderCopyIsNoticedByTheMirror) {
  options.anchor_mirror = scratch / "mirror";
  fill(3);
  fs::copy(options.directory, scratch / "older", fs::copy_options::recursive);
  fill(2);
  fs::remove_all(options.directory);
  fs::rename(scratch / "older", options.directory);
  expect_refused(errc::below_anchor, scratch / "mirror" + " says that 5 were acknowledged");
}

TEST_F(AnEmbeddedLog, WithTwoHistoriesIsRefused) {
  fill(3);
  fs::rename(options.directory + "/anchor", scratch / "anchor");
  fs::remove_all(options.directory);
  {
    EmbeddedLog other(options);
    for (int i = 0; i < 5; ++i) append(other, "another " + std::to_string(i));
  }
  fs::rename(scratch / "anchor", options.directory + "/anchor");
  expect_refused(errc::corrupt, "different histories");
}

TEST_F(AnEmbeddedLog, BelowTheDisksReserveRefusesAppendsAndServesReads) {
  std::atomic<std::uint64_t> free = 1 << 30;
  options.free_bytes = [&free](const std::string&) { return free.load(); };
  EmbeddedLog log(options);
  append(log, "first");
  free = options.reserve_bytes - 1;
  const Appended refused = append(log, "no room");
  EXPECT_EQ(refused.outcome, AppendOutcome::not_written);
  EXPECT_EQ(refused.reason, errc::no_space);
  EXPECT_EQ(read_all(log).size(), 1u);
  free = 1 << 30;
  EXPECT_EQ(append(log, "room again").outcome, AppendOutcome::durable);
  EXPECT_EQ(read_all(log), (std::vector<std::string>{"first", "room again"}));
}

std::map<std::string, fs::file_time_type> files_below(const std::string& directory) {
  std::map<std::string, fs::file_time_type> files;
  for (const auto& file : fs::recursive_directory_iterator(directory)) files[file.path()] = file.last_write_time();
  return files;
}

TEST_F(AnEmbeddedLog, OpenedForReadingWritesNothing) {
  fill(5);
  const auto before = files_below(options.directory);
  {
    const auto log = EmbeddedLog::open_read_only(options);
    EXPECT_EQ(read_all(*log).size(), 5u);
    EXPECT_EQ(append(*log, "no").reason, errc::read_only);
  }
  EXPECT_EQ(files_below(options.directory), before);
  fs::remove(options.directory + "/anchor");
  EXPECT_THROW(EmbeddedLog::open_read_only(options), LogRefused);
}

TEST_F(AnEmbeddedLog, IsCopiedWhileItIsWritten) {
  EmbeddedLog log(options);
  append(log, "first");
  append(log, "second");
  ASSERT_TRUE(log.checkpoint_to(scratch / "copy").has_value());
  append(log, "third");
  options.directory = scratch / "copy";
  EmbeddedLog copy(options);
  EXPECT_EQ(read_all(copy), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(append(copy, "its own").outcome, AppendOutcome::durable);
}

class AnEmbeddedLogOnABadDisk : public AnEmbeddedLog {
 protected:
  AnEmbeddedLogOnABadDisk() { options.env = env.get(); }
  std::shared_ptr<testing::ForgetfulFileSystem> disk = std::make_shared<testing::ForgetfulFileSystem>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
};

TEST_F(AnEmbeddedLogOnABadDisk, IsOpenedAgainAfterAFailedSyncAndGoesOn) {
  EmbeddedLog log(options);
  append(log, "first");
  disk->fail_syncs(1);
  EXPECT_EQ(append(log, "in doubt").outcome, AppendOutcome::in_doubt);
  EXPECT_EQ(append(log, "after").outcome, AppendOutcome::durable);
  const auto records = read_all(log);
  EXPECT_EQ(records.front(), "first");
  EXPECT_EQ(records.back(), "after");
}

TEST_F(AnEmbeddedLogOnABadDisk, ReportsWhatStandsBehindAFailedSyncAsNotWritten) {
  EmbeddedLog log(options);
  append(log, "first");
  disk->fail_syncs(1);
  std::vector<AppendOutcome> outcomes(3);
  std::promise<void> done;
  for (std::size_t i = 0; i < 3; ++i) {
    log.append("x", [&outcomes, &done, i](Appended appended) {
      outcomes[i] = appended.outcome;
      if (i == 2) done.set_value();
    });
  }
  done.get_future().wait();
  EXPECT_EQ(outcomes.front(), AppendOutcome::in_doubt);
}

TEST_F(AnEmbeddedLogOnABadDisk, TakesNothingWhileTheDiskIsGoneAndKeepsItsWord) {
  {
    EmbeddedLog log(options);
    append(log, "kept");
    disk->lose_power_after(1);
    EXPECT_NE(append(log, "lost").outcome, AppendOutcome::durable);
    EXPECT_EQ(append(log, "refused").outcome, AppendOutcome::not_written);
  }
  disk->forget_unsynced(false);
  EmbeddedLog log(options);
  EXPECT_EQ(read_all(log).front(), "kept");
}

}  // namespace
}  // namespace countersign::bus
