// An installation on its way to a cluster and back, without brokers: what arrives, and what a copy that is cut off or
// goes wrong leaves.

#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <map>
#include <random>

#include "adapters/commands/answer_record.h"
#include "adapters/keys/log_identity.h"
#include "adapters/keys/master_rotation.h"
#include "bus/memory_log.h"
#include "domain/slot.h"
#include "tests/support/installation.h"
#include "tests/support/memory_table.h"
#include "tools/replay/copying/copy.h"
#include "tools/replay/folding.h"
#include "tools/replay/verify.h"

namespace countersign::replay {
namespace {

namespace fs = std::filesystem;
using testing::MemoryTable, testing::MemoryTableLog;

constexpr std::uint32_t partitions = 6;

/// Writes on in a data directory as its server would have.
class Author {
 public:
  explicit Author(const fs::path& directory)
      : keys_(keys::open_with_master_file(directory / "keys", directory / "master-key",
                                          keys::KeyStore::Mode::create_if_missing)),
        identity_(keys::log_identity(*keys_)),
        log_({.directory = (directory / "log").string(), .identity = identity_, .reserve_bytes = 0}),
        acceptance_(identity_, keys_->cluster().log.key.view(), {}) {
    bus::Offset from{};
    for (auto read = log_.read(from, 1); !read->empty(); read = log_.read(from, 1)) {
      from = bus::Offset{bus::value(read->back().offset) + 1};
      for (const auto& record : *read) EXPECT_TRUE(acceptance_.take(record)->has_value());
    }
  }
  void claim() {
    nonce_[0] = static_cast<std::uint8_t>(bus::value(acceptance_.state().term) + 1);
    append(acceptance_.codec().encode(
        bus::Claim{bus::Term{bus::value(acceptance_.state().term) + 1}, nonce_, {}, "node", {}}));
  }
  void frame(std::int64_t time, const std::vector<std::string>& events, const std::vector<std::string>& answers) {
    const auto& state = acceptance_.state();
    append(acceptance_.codec().encode(bus::Frame{state.term,
                                                 nonce_,
                                                 bus::next(state.last),
                                                 state.head,
                                                 bus::TimeMs{time},
                                                 {events.begin(), events.end()},
                                                 {answers.begin(), answers.end()}}));
  }
  void release() {
    const auto& state = acceptance_.state();
    append(acceptance_.codec().encode(bus::Release{state.term, state.nonce, bus::next(state.last), state.head, {}}));
  }

 private:
  void append(const std::string& record) {
    std::promise<bus::Appended> written;
    log_.append(record, [&](bus::Appended appended) { written.set_value(appended); });
    ASSERT_TRUE(acceptance_.take({written.get_future().get().offset, record})->has_value());
  }
  std::unique_ptr<keys::KeyStore> keys_;
  bus::LogIdentity identity_;
  bus::EmbeddedLog log_;
  bus::Acceptance acceptance_;
  bus::Nonce nonce_{};
};

domain::AccountId account(std::uint32_t n) {
  domain::Uuid uuid;
  for (std::size_t i = 0; i < 4; ++i) uuid.bytes[12 + i] = static_cast<std::uint8_t>(n >> 8 * (3 - i));
  uuid.bytes[0] = 1;
  return {uuid};
}

/// 40 accounts whose events share frames, with stored answers, one of which is of no account.
class ManyAccounts {
 public:
  explicit ManyAccounts(bool released = true) {
    fs::create_directory(directory());
    keys::create_master_key(directory() / "master-key");
    Author author(directory());
    author.claim();
    std::mt19937 random(7);
    std::int64_t time = 1'790'000'000'000;
    for (int n = 0; n < 300; ++n) {
      time += random() % 3;
      std::vector<std::string> events, answers;
      for (auto left = 1 + random() % 4; left > 0; --left) {
        const auto of = random() % 41;
        events.push_back(event(of == 40 ? domain::system_account() : account(of), time));
        if (random() % 3 == 0) answers.push_back(answer(account(of), time, n));
      }
      author.frame(time, events, answers);
    }
    author.frame(time, {}, {answer({}, time, 1000)});
    if (released) author.release();
  }
  fs::path directory() const { return scratch_.path() + "/data"; }
  Source source() const { return {directory(), {}, false}; }

 private:
  std::string event(domain::AccountId of, std::int64_t time) {
    domain::NewEvent made;
    made.type = domain::EventType::account_created;
    domain::fb::AccountCreatedT payload;
    made.payload.Set(payload);
    domain::EventStamp stamp;
    stamp.account = of;
    stamp.sequence = ++sequences_[of];
    stamp.time = time;
    return domain::encode_event(domain::encode_clear(made, stamp), "sealed " + std::to_string(stamp.sequence));
  }
  static std::string answer(domain::AccountId of, std::int64_t time, int n) {
    commands::AnswerRecord record;
    record.record[0] = static_cast<std::uint8_t>(n);
    record.record[1] = static_cast<std::uint8_t>(n >> 8);
    record.time = time;
    record.account = of;
    record.sealed = "sealed answer";
    return commands::encode(record);
  }
  testing::ScratchDirectory scratch_;
  std::map<domain::AccountId, std::uint64_t> sequences_;
};

/// What brokers would hold.
struct MemoryCluster {
  std::vector<std::shared_ptr<bus::MemoryPartition>> stored;
  std::vector<std::unique_ptr<bus::PartitionLog>> logs;
  std::shared_ptr<MemoryTableLog> rows = std::make_shared<MemoryTableLog>();
  MemoryTable table{rows};

  explicit MemoryCluster(std::uint32_t count = partitions) {
    for (std::uint32_t n = 0; n < count; ++n) {
      stored.push_back(std::make_shared<bus::MemoryPartition>());
      logs.push_back(std::make_unique<bus::MemoryLog>(stored.back()));
    }
  }
  ClusterTarget target() {
    ClusterTarget target{{}, table, "remove it"};
    for (const auto& log : logs) target.logs.push_back(log.get());
    return target;
  }
  std::shared_ptr<ClusterSource> source(const fs::path& master) const {
    ClusterSource::Logs copies;
    for (const auto& partition : stored) copies.push_back(std::make_unique<bus::MemoryLog>(partition));
    return std::make_shared<ClusterSource>(std::move(copies), std::make_shared<MemoryTable>(rows), master);
  }
};

struct Contents {
  std::map<domain::AccountId, std::vector<std::string>> events;
  std::map<domain::AccountId, std::vector<std::string>> answers;
  bool operator==(const Contents&) const = default;
};

void add(Contents& contents, const Source& source) {
  AuditedLog log(source);
  bus::TimeMs time{};
  while (const auto* step = log.next()) {
    EXPECT_FALSE(step->ignored);
    const auto* frame = step->frame();
    if (!frame) continue;
    EXPECT_FALSE(frame->time < time) << "time goes back";
    time = frame->time;
    for (const auto bytes : frame->events) {
      const auto event = domain::EventView::parse(bytes);
      EXPECT_EQ(event->time(), bus::value(frame->time));
      contents.events[event->account()].emplace_back(bytes);
    }
    for (const auto record : frame->answers)
      contents.answers[commands::decode_answer_record(record).account].emplace_back(record);
  }
  EXPECT_TRUE(log.state().released);
  EXPECT_EQ(log.state().term, bus::Term{1});
}

Contents contents_of(const Source& source) {
  Contents contents;
  add(contents, source);
  return contents;
}

Contents contents_of(const std::shared_ptr<ClusterSource>& cluster) {
  Contents contents;
  for (std::uint32_t n = 0; n < cluster->partitions(); ++n) {
    Contents partition;
    add(partition, {.cluster = cluster, .partition = n});
    for (const auto& [of, events] : partition.events) EXPECT_EQ(domain::partition_of(of, cluster->partitions()), n);
    contents.events.merge(partition.events);
    contents.answers.merge(partition.answers);
  }
  return contents;
}

std::map<std::string, std::string> files_of(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    std::ifstream in(entry.path(), std::ios::binary);
    if (entry.is_regular_file() && entry.path().filename() != "lock")
      files[entry.path()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "an error was expected";
  return {};
}

TEST(Copy, EveryEventArrivesInItsPartitionAndComesBack) {
  const ManyAccounts there;
  const auto before = files_of(there.directory());
  auto wanted = contents_of(there.source());
  ASSERT_EQ(wanted.answers.at(domain::AccountId{}).size(), 1u);
  wanted.answers.erase(domain::AccountId{});
  MemoryCluster cluster;
  const auto copied = copy_to_cluster(there.source(), cluster.target(), false, {});
  EXPECT_TRUE(copied.differences.empty());
  EXPECT_EQ(copied.accounts, 41u);
  EXPECT_EQ(copied.answers_left_out, 1u);
  EXPECT_EQ(files_of(there.directory()), before);
  const auto master = there.directory() / "master-key";
  EXPECT_TRUE(contents_of(cluster.source(master)) == wanted);

  testing::ScratchDirectory scratch;
  const fs::path back = scratch / "back";
  const auto returned = copy_to_directory(*cluster.source(master), back, false, {});
  EXPECT_TRUE(returned.differences.empty());
  EXPECT_EQ(returned.events, copied.events);
  EXPECT_TRUE(contents_of(Source{back, master}) == wanted);
  EXPECT_FALSE(fs::exists(unfinished_copy(back)));
}

TEST(Copy, ToPartitionsWithoutAccountsAndToOne) {
  const ManyAccounts there;
  for (const std::uint32_t count : {1u, 961u}) {
    MemoryCluster cluster(count);
    EXPECT_TRUE(copy_to_cluster(there.source(), cluster.target(), false, {}).differences.empty());
    for (const auto& log : cluster.stored) EXPECT_GE(bus::value(log->end()), 2) << "claim and release";
  }
}

TEST(Copy, TheKeysOpenWhatTheyOpenedAndEachPartitionHasASystemAccountsKey) {
  testing::Installation there(testing::Installation::Past::eventful);
  Author(there.directory()).release();
  MemoryCluster cluster;
  copy_to_cluster({there.directory(), {}, false}, cluster.target(), false, {});
  const auto source = cluster.source(there.master_file());
  std::uint64_t opened = 0, erased = 0;
  for (std::uint32_t n = 0; n < partitions; ++n) {
    EXPECT_TRUE(source->keys().account_key(domain::system_account(n)));
    const auto result = verify({.cluster = source, .partition = n}, {});
    EXPECT_FALSE(result.wrong) << *result.wrong;
    opened += result.seals_opened;
    erased += result.seals_erased;
  }
  const auto before = verify({there.directory(), {}, false}, {});
  EXPECT_EQ(opened, before.seals_opened);
  EXPECT_EQ(erased, before.seals_erased);

  testing::ScratchDirectory scratch;
  const fs::path back = scratch / "back";
  copy_to_directory(*source, back, false, {});
  const auto after = verify({back, there.master_file(), false}, {});
  EXPECT_FALSE(after.wrong) << *after.wrong;
  EXPECT_EQ(after.seals_opened, before.seals_opened);
  EXPECT_EQ(after.seals_erased, before.seals_erased);
  ScratchViews then, now;
  AuditedLog first({there.directory(), {}, false}), second({back, there.master_file(), false});
  fold(first, *then, {}, {});
  fold(second, *now, {}, {});
  EXPECT_EQ(projections::fingerprint_without_frames(*then), projections::fingerprint_without_frames(*now));
  // Written again by a server of one node: no topic is asked for.
  const auto keys =
      keys::open_with_master_file(back / "keys", there.master_file(), keys::KeyStore::Mode::open_existing);
  EXPECT_FALSE(keys->create_account_key(account(99)));
}

TEST(Copy, ASourceThatWasNotStoppedIsRefusedUnlessForced) {
  const ManyAccounts there(false);
  MemoryCluster cluster;
  const auto text = error_of([&] { copy_to_cluster(there.source(), cluster.target(), false, {}); });
  EXPECT_NE(text.find("--force"), std::string::npos) << text;
  EXPECT_EQ(bus::value(cluster.stored[0]->end()), 0);
  EXPECT_EQ(cluster.rows->end(), 0u);
  EXPECT_TRUE(copy_to_cluster(there.source(), cluster.target(), true, {}).differences.empty());
  const DirectoryLock server(there.directory());
  MemoryCluster other;
  EXPECT_NE(error_of([&] { copy_to_cluster(there.source(), other.target(), true, {}); }).find("in use"),
            std::string::npos);
}

TEST(Copy, APartitionThatWasNotReleasedIsRefusedUnlessForced) {
  const ManyAccounts there;
  MemoryCluster cluster;
  copy_to_cluster(there.source(), cluster.target(), false, {});
  const auto master = there.directory() / "master-key";
  const auto source = cluster.source(master);
  bus::FrameCodec codec(source->identity(3), source->keys().cluster().log.key.view());
  cluster.logs[3]->append(codec.encode(bus::Claim{bus::Term{2}, bus::Nonce{9}, {}, "node", {}}), [](auto) {});
  testing::ScratchDirectory scratch;
  const fs::path back = scratch / "back";
  const auto text = error_of([&] { copy_to_directory(*source, back, false, {}); });
  EXPECT_NE(text.find("partition 3"), std::string::npos) << text;
  EXPECT_FALSE(fs::exists(back) || fs::exists(unfinished_copy(back)));
  EXPECT_TRUE(copy_to_directory(*source, back, true, {}).differences.empty());
  EXPECT_NE(error_of([&] { copy_to_directory(*source, back, true, {}); }).find("exists already"), std::string::npos);
}

TEST(Copy, ATargetThatIsNotEmptyIsLeftAlone) {
  const ManyAccounts there;
  MemoryCluster cluster;
  cluster.stored[5]->write("a stranger's");
  cluster.stored[5]->sync();
  const auto text = error_of([&] { copy_to_cluster(there.source(), cluster.target(), false, {}); });
  EXPECT_NE(text.find("partition 5 isn't empty"), std::string::npos) << text;
  EXPECT_NE(text.find("remove it"), std::string::npos) << text;
  EXPECT_EQ(cluster.rows->end(), 0u);
  MemoryCluster other;
  const bus::TableRow row{"a", "b"};
  ASSERT_TRUE(other.table.put({&row, 1}).has_value());
  EXPECT_NE(error_of([&] { copy_to_cluster(there.source(), other.target(), false, {}); }).find("isn't empty"),
            std::string::npos);
  EXPECT_EQ(bus::value(other.stored[0]->end()), 0);
}

TEST(Copy, NobodyIsToldToRemoveACluster) {
  const ManyAccounts there;
  MemoryCluster cluster;
  copy_to_cluster(there.source(), cluster.target(), false, {});
  const auto text = error_of([&] { copy_to_cluster(there.source(), cluster.target(), false, {}); });
  EXPECT_NE(text.find("it is left alone"), std::string::npos) << text;
  EXPECT_EQ(text.find("remove it"), std::string::npos) << text;
}

/// Takes so many records, and is gone then.
class ShortLog final : public bus::PartitionLog {
 public:
  ShortLog(std::shared_ptr<bus::MemoryPartition> partition, int& left) : log_(std::move(partition)), left_(left) {}
  void append(std::string record, AppendHandler handler) override {
    if (left_-- <= 0) return handler({bus::AppendOutcome::in_doubt, {}, bus::errc::io_error});
    log_.append(std::move(record), std::move(handler));
  }
  boost::system::result<std::vector<bus::LogRecord>> read(bus::Offset from, std::size_t max_bytes) override {
    return log_.read(from, max_bytes);
  }
  boost::system::result<bus::Offset> end() override { return log_.end(); }

 private:
  bus::MemoryLog log_;
  int& left_;
};

TEST(Copy, WhatACopyLeavesThatIsCutOffIsNoClusterAndIsNotCopiedOnto) {
  const ManyAccounts there;
  MemoryCluster whole;
  const auto copied = copy_to_cluster(there.source(), whole.target(), false, {});
  const auto records = static_cast<int>(copied.frames) + 2 * static_cast<int>(partitions);
  for (const int taken : {0, 1, 6, 100, records - 1}) {
    MemoryCluster cluster;
    int left = taken;
    for (std::uint32_t n = 0; n < partitions; ++n)
      cluster.logs[n] = std::make_unique<ShortLog>(cluster.stored[n], left);
    const auto text = error_of([&] { copy_to_cluster(there.source(), cluster.target(), false, {}); });
    EXPECT_NE(text.find("was not written"), std::string::npos) << text;
    EXPECT_NE(text.find("remove it"), std::string::npos) << text;
    const auto refused = error_of([&] { cluster.source(there.directory() / "master-key"); });
    EXPECT_NE(refused.find("not complete"), std::string::npos) << refused;
    left = 1 << 20;
    const auto again = error_of([&] { copy_to_cluster(there.source(), cluster.target(), false, {}); });
    EXPECT_NE(again.find("isn't empty"), std::string::npos) << again;
    EXPECT_NE(again.find("remove it"), std::string::npos) << again;
  }
}

TEST(Copy, AnUnfinishedDirectoryIsNamed) {
  const ManyAccounts there;
  MemoryCluster cluster;
  copy_to_cluster(there.source(), cluster.target(), false, {});
  testing::ScratchDirectory scratch;
  const fs::path back = scratch / "back";
  fs::create_directory(unfinished_copy(back));
  const auto source = cluster.source(there.directory() / "master-key");
  const auto text = error_of([&] { copy_to_directory(*source, back, false, {}); });
  EXPECT_NE(text.find("rm -r " + unfinished_copy(back).string()), std::string::npos) << text;
  fs::remove_all(unfinished_copy(back));
  EXPECT_TRUE(copy_to_directory(*source, back / "", false, {}).differences.empty());
  EXPECT_TRUE(fs::exists(back / "log"));
}

/// One event comes back changed, and with an HMAC that fits, as a fault of the copy itself would leave it.
class ChangingLog final : public bus::PartitionLog {
 public:
  ChangingLog(std::shared_ptr<bus::MemoryPartition> partition, bus::FrameCodec codec)
      : log_(std::move(partition)), codec_(std::move(codec)) {}
  void append(std::string record, AppendHandler handler) override {
    const auto decoded = codec_.decode(record);
    const auto* frame = decoded.has_value() ? std::get_if<bus::Frame>(&*decoded) : nullptr;
    if (frame && frame->number == bus::FrameNumber{1}) {
      auto changed = *frame;
      std::string event(changed.events[0]);
      event.replace(event.find("sealed"), 6, "SEALED");
      changed.events[0] = event;
      const auto head = bus::head_after(changed.previous, record);
      record = codec_.encode(changed);
      expected_ = head;
      actual_ = bus::head_after(changed.previous, record);
    } else if (decoded.has_value() && expected_) {
      record = rechained(*decoded, record);
    }
    log_.append(std::move(record), std::move(handler));
  }
  boost::system::result<std::vector<bus::LogRecord>> read(bus::Offset from, std::size_t max_bytes) override {
    return log_.read(from, max_bytes);
  }
  boost::system::result<bus::Offset> end() override { return log_.end(); }

 private:
  std::string rechained(bus::Record record, const std::string&) {
    std::string bytes;
    if (auto* frame = std::get_if<bus::Frame>(&record)) {
      frame->previous = *actual_;
      bytes = codec_.encode(*frame);
    } else {
      auto release = std::get<bus::Release>(record);
      release.previous = *actual_;
      bytes = codec_.encode(release);
    }
    actual_ = bus::head_after(*actual_, bytes);
    return bytes;
  }
  bus::MemoryLog log_;
  bus::FrameCodec codec_;
  std::optional<bus::Bytes32> expected_, actual_;
};

TEST(Copy, AnEventThatArrivesChangedIsNamedAndTheClusterStaysUnusable) {
  const ManyAccounts there;
  const auto master = there.directory() / "master-key";
  const auto keys = keys::open_with_master_file(there.directory() / "keys", master, keys::KeyStore::Mode::read_only);
  MemoryCluster cluster;
  auto identity = keys::log_identity(*keys);
  identity.partition = 2;
  cluster.logs[2] =
      std::make_unique<ChangingLog>(cluster.stored[2], bus::FrameCodec(identity, keys->cluster().log.key.view()));
  const auto copied = copy_to_cluster(there.source(), cluster.target(), false, {});
  ASSERT_EQ(copied.differences.size(), 1u);
  EXPECT_NE(copied.differences[0].find("acc_"), std::string::npos) << copied.differences[0];
  EXPECT_NE(error_of([&] { cluster.source(master); }).find("not complete"), std::string::npos);
}

TEST(ClusterSource, NothingCanBeWrittenThroughIt) {
  const ManyAccounts there;
  MemoryCluster cluster;
  copy_to_cluster(there.source(), cluster.target(), false, {});
  const auto rows = cluster.rows->end();
  const auto source = cluster.source(there.directory() / "master-key");
  std::optional<bus::Appended> appended;
  source->log(0).append("record", [&](const bus::Appended& outcome) { appended = outcome; });
  ASSERT_TRUE(appended);
  EXPECT_EQ(appended->outcome, bus::AppendOutcome::not_written);
  EXPECT_EQ(appended->reason, bus::make_error_code(bus::errc::read_only));
  EXPECT_TRUE(source->keys().create_account_key(account(77)));
  EXPECT_EQ(cluster.rows->end(), rows);
}

TEST(Tally, SaysWhatIsMissingWhatIsMoreAndWhatDiffers) {
  const auto event = [](domain::AccountId of, std::uint64_t sequence, const std::string& sealed) {
    domain::NewEvent made;
    made.type = domain::EventType::account_created;
    made.payload.Set(domain::fb::AccountCreatedT{});
    domain::EventStamp stamp;
    stamp.account = of;
    stamp.sequence = sequence;
    return domain::encode_event(domain::encode_clear(made, stamp), sealed);
  };
  const auto take = [](Tally& tally, const std::string& bytes) { tally.take(*domain::EventView::parse(bytes), bytes); };
  Tally one, other;
  take(one, event(account(1), 1, "a"));
  take(one, event(account(2), 1, "a"));
  take(other, event(account(2), 1, "b"));
  take(other, event(account(3), 1, "a"));
  const auto found = Tally::differences(one, other);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], account(1).text() + " is missing");
  EXPECT_NE(found[1].find(account(2).text() + ": 1 events"), std::string::npos) << found[1];
  EXPECT_EQ(found[2], account(3).text() + " is only in the copy");
  EXPECT_TRUE(Tally::differences(one, one).empty());
  EXPECT_THROW(take(one, event(account(1), 3, "a")), std::runtime_error) << "a gap";
  Tally answered;
  answered.take_answer(account(1), "answer");
  EXPECT_EQ(Tally::differences(Tally(), answered).size(), 1u);
}

}  // namespace
}  // namespace countersign::replay
