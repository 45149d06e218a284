#pragma once
// All that operations work with, in one process: a real key store and views in a scratch directory, a sequencer with
// its threads on a log in memory whose appends can be left in doubt, and the operations themselves, which can be
// stopped and begun again as by a restart. One account with an administrator's key.

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "adapters/commands/decider.h"
#include "adapters/commands/draw.h"
#include "adapters/keys/random.h"
#include "adapters/keys/sealed_file.h"
#include "adapters/operations/operations.h"
#include "bus/errc.h"
#include "bus/memory_log.h"
#include "bus/running_partition.h"
#include "domain/record.h"
#include "domain/slot.h"
#include "projections/projector.h"
#include "tests/support/forgetful_file_system.h"
#include "tests/support/scratch_directory.h"

namespace countersign::operations::test {

/// A log in memory. After doubt_next() one append is reported in doubt, and nothing can be read until settle_doubt().
class DoubtfulLog final : public bus::PartitionLog {
 public:
  enum class Truth { written, lost };
  void doubt_next(Truth truth) {
    const std::lock_guard lock(mutex_);
    next_ = truth;
  }
  void settle_doubt() { unreadable_ = false; }

  void append(std::string record, AppendHandler handler) override {
    std::optional<Truth> truth;
    {
      const std::lock_guard lock(mutex_);
      truth = std::exchange(next_, std::nullopt);
    }
    if (!truth) return log_.append(std::move(record), std::move(handler));
    unreadable_ = true;
    if (*truth == Truth::written) log_.append(std::move(record), [](bus::Appended) {});
    handler({bus::AppendOutcome::in_doubt, {}, bus::errc::io_error});
  }
  boost::system::result<std::vector<bus::LogRecord>> read(bus::Offset from, std::size_t max_bytes) override {
    if (unreadable_) return bus::errc::io_error;
    return log_.read(from, max_bytes);
  }
  boost::system::result<bus::Offset> end() override { return log_.end(); }

 private:
  bus::MemoryLog log_;
  std::mutex mutex_;
  std::optional<Truth> next_;
  std::atomic<bool> unreadable_ = false;
};

class Office {
 public:
  Office() {
    EXPECT_TRUE(running.own());
    check(keys->create_account_key(domain::system_account()));
    check(keys->create_account_key(account));
    commands::Call call;
    call.context.account = domain::system_account();
    call.context.actor = {domain::PartyKind::system, {}};
    EXPECT_TRUE(submitter.wait(call, domain::CreateSystemAccount{}).ok());
    call.context.actor = {domain::PartyKind::root, {}};
    const auto secret = commands::draw_secret(lookup, domain::BearerKind::api_key, 0);
    const domain::CreateAccount create{"Example", {account}, {{admin_key, secret.digest}}};
    EXPECT_TRUE(submitter.wait(call, create).ok());
    reopen();
  }
  ~Office() { close(); }

  /// As a restart sees it: what the former ones left on disk is taken up.
  void open() {
    operations = std::make_unique<Operations>(ports(), files);
    operations->start();
  }
  void close() { operations.reset(); }
  void reopen() {
    close();
    open();
  }

  OperationPorts ports() {
    return {submitter,
            published,
            views,
            *keys,
            lookup,
            opener,
            [this] {
              if (on_clock) on_clock();
              return now();
            },
            [this](std::string_view text) { warned(text); },
            [this](domain::AccountId of) {
              note_waiting_for(of);
              wait_landed();
            },
            [this](std::size_t bytes) {
              if (before_space) before_space();
              return bytes <= space;
            },
            [this](domain::AccountId, domain::UserId user) { forgotten.push_back(user); },
            {},
            std::chrono::milliseconds(5),
            std::chrono::milliseconds(20)};
  }
  static domain::UnixMs now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  void wait_landed() {
    std::promise<void> landed;
    running->when_landed(running->durable_frame(), [&](auto&&...) { landed.set_value(); });
    landed.get_future().wait();
  }
  commands::Call as_admin() const {
    commands::Call call;
    call.context.account = account;
    call.context.actor = domain::party(admin_key);
    call.context.role = domain::Role::admin;
    return call;
  }
  Operation an_operation(Kind kind) const {
    Operation operation;
    operation.id = keys::random_id<domain::OperationId>(now());
    operation.account = account;
    operation.kind = kind;
    operation.created_at = now();
    operation.actor = domain::party(admin_key);
    operation.role = domain::Role::admin;
    operation.correlation = keys::random_uuid(now());
    return operation;
  }
  /// An import of this text, spooled.
  Operation a_spooled_import(std::string_view text, Operation operation) {
    operation.content_type = "text/csv";
    auto writer = keys::SealedFileWriter::create(operations->spool_of(operation.id), *keys->account_key(account));
    EXPECT_FALSE(writer->write(text));
    EXPECT_FALSE(writer->finish());
    return operation;
  }
  /// Writes the event that an operation other than an erasure is accepted with.
  auto submit_start(const Operation& operation) {
    return submitter.wait(as_admin(), domain::RecordOperation{operation.id, std::string(text_of(operation.kind))});
  }
  /// Begun; `before` comes between its event and its running.
  void begin(const Operation& operation, const std::function<void()>& before = {}) {
    ASSERT_FALSE(operations->prepare(operation));
    ASSERT_TRUE(submit_start(operation).ok());
    if (before) before();
    operations->begin(operation.id);
  }
  domain::UserId a_user(const std::string& name) {
    const auto id = keys::random_id<domain::UserId>(now());
    check(keys->create_subject_keys(account, std::span(&id, 1)));
    domain::Personal personal;
    personal.first_name = name;
    personal.email = name + "@example.com";
    const domain::CreateUser create{id, commands::make_profile(lookup, account, personal, false)};
    EXPECT_TRUE(submitter.wait(as_admin(), create).ok());
    return id;
  }
  domain::UserId a_disabled_user(const std::string& name) {
    const auto id = a_user(name);
    EXPECT_TRUE(submitter.wait(as_admin(), domain::SetUserDisabled{id, true}).ok());
    return id;
  }
  bool has_key(domain::UserId user) { return keys->subject_key(account, user).value().has_value(); }
  std::uint64_t events(domain::EventType type, domain::OperationId operation) {
    wait_landed();
    std::uint64_t found = 0;
    views.events_from(account, 1, [&](std::string_view bytes, bus::FrameNumber) {
      const auto event = domain::EventView::parse(bytes);
      found += event->type() == type && event->target().id == operation.uuid;
      return true;
    });
    return found;
  }
  /// Waits until it has ended.
  Operation ended(domain::OperationId id) {
    std::optional<Operation> operation;
    EXPECT_TRUE(soon([&] {
      operation = operations->find(account, id);
      return operation && operation->ended();
    })) << (operation ? std::string(text_of(operation->status)) + ": " + operation->failure : "not there");
    return operation.value_or(Operation{});
  }
  template <class Condition>
  static bool soon(const Condition& condition) {
    for (int tries = 0; tries < 2'000; ++tries) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  bool has_file(const std::string& name) const { return std::filesystem::exists(files / name); }
  std::vector<domain::UserId> forgotten;                  ///< whose opened texts were to be dropped
  std::atomic<std::size_t> space = std::size_t{1} << 40;  ///< above the disk's reserve
  std::function<void()> on_clock;                         ///< called before an operation looks at the clock
  std::function<void()> before_space;                     ///< called before the disk's space is looked at
  /// The accounts in whose partitions operations have waited for everything to land.
  std::set<domain::AccountId> waited_for() {
    const std::lock_guard lock(mutex_);
    return waited_for_;
  }
  std::string warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

  testing::ScratchDirectory scratch;
  const std::filesystem::path files = scratch / "operations";
  std::shared_ptr<testing::ForgetfulFileSystem> disk = std::make_shared<testing::ForgetfulFileSystem>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
  std::unique_ptr<keys::KeyStore> keys = keys::KeyStore::open(
      scratch / "keys", keys::random_master_key(), keys::KeyStore::Mode::create_if_missing, {.env = env.get()});
  const domain::AccountId account = commands::draw_account(now());
  const domain::ApiKeyId admin_key{keys::random_uuid(now())};
  const keys::Lookup lookup{keys->cluster().lookup.key};
  projections::Views views{{.directory = scratch / "views", .block_cache_bytes = 1 << 20}};
  commands::RefusalLog refusals;
  commands::Published published{views};
  commands::CommandDecider decider{published, *keys, refusals};
  queries::SealOpener opener{*keys};
  DoubtfulLog log;
  bus::LogIdentity identity;
  projections::Projector projector{views};
  bus::RunningPartition running{{.log = log,
                                 .decider = decider,
                                 .identity = identity,
                                 .log_key = std::string(32, 'k'),
                                 .node = "test",
                                 .address = {},
                                 .clock = [] { return bus::TimeMs{now()}; },
                                 .random = keys::random_fill,
                                 .fold = [this](const auto& record) { projector.apply(*record.frame(), record.after); },
                                 .folded = [this](const auto& state) { projector.finish(state); },
                                 .position = [this] { return views.position(); }},
                                limits()};
  commands::Partitions partitions{{&*running}};
  commands::Submitter submitter{partitions};
  std::unique_ptr<Operations> operations;

 private:
  static void check(const boost::system::error_code& error) { ASSERT_FALSE(error) << error.message(); }
  static bus::PartitionLimits limits() {
    bus::PartitionLimits limits;
    limits.sequencer.retry_after = std::chrono::milliseconds(10);
    limits.sequencer.give_up_after = std::chrono::milliseconds(200);
    return limits;
  }
  void note_waiting_for(domain::AccountId of) {
    const std::lock_guard lock(mutex_);
    waited_for_.insert(of);
  }
  void warned(std::string_view text) {
    const std::lock_guard lock(mutex_);
    warnings_.append(text).append("\n");
  }
  std::mutex mutex_;
  std::string warnings_;
  std::set<domain::AccountId> waited_for_;
};

}  // namespace countersign::operations::test
