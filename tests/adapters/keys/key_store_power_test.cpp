// Power goes in the middle of the key store's work, and the disk forgets what it was not told to keep: whatever the
// store has acknowledged holds afterwards, and whatever it has not is there whole or not at all.
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <iostream>
#include <map>
#include <random>

#include "adapters/keys/key_store.h"
#include "adapters/keys/random.h"
#include "tests/adapters/keys/scratch_directory.h"
#include "tests/support/forgetful_file_system.h"

namespace countersign::keys {
namespace {

using testing::ForgetfulFileSystem;

/// The forgetful disk, without the second that RocksDB sleeps after each flush or compaction that failed.
class SleeplessEnv final : public rocksdb::EnvWrapper {
 public:
  explicit SleeplessEnv(const std::shared_ptr<rocksdb::FileSystem>& disk)
      : EnvWrapper(rocksdb::NewCompositeEnv(disk)) {}
  const char* Name() const override { return "SleeplessEnv"; }
  void SleepForMicroseconds(int) override {}
};

/// A key store on a disk that forgets, and what its acknowledgements allow to be found there.
class Machine {
 public:
  explicit Machine(std::uint64_t seed) : random_(seed) {
    options_.env = env_.get();
    options_.removal_patience = std::chrono::milliseconds(20);  // without power nothing is ever removed
    options_.cached_subject_keys = 4;
  }

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  ForgetfulFileSystem& disk() { return *disk_; }
  const std::string& wrong() const { return wrong_; }

  /// False when power went meanwhile, or something is wrong.
  bool open() {
    for (const MasterKey& master : next_ ? std::vector{*next_, master_} : std::vector{master_}) {
      try {
        store_ = KeyStore::open(directory_, master, KeyStore::Mode::create_if_missing, options_);
        master_ = master;
        next_.reset();
        check();
        return wrong_.empty();
      } catch (const StartError& refused) {
        if (disk_->powerless()) return false;
        last_refusal_ = refused.what();
      }
    }
    wrong_ = "refused after a loss of power: " + last_refusal_;
    return false;
  }

  void die() {
    if (!disk_->powerless()) disk_->lose_power_after(0);
    store_.reset();
    disk_->forget_unsynced(below(2) == 0);
    // Before anybody opens the store again: somebody may have taken the disk away.
    for (const auto& bytes : destroyed_) {
      if (test::files_that_hold(directory_, bytes) > 0) fail("destroyed bytes have come back");
    }
  }

  void create_account() {
    const auto account = random_id<domain::AccountId>(1);
    Fact& fact = accounts_[account];
    if (store_->create_account_key(account)) return;
    fact = {Fact::there, std::string(store_->account_key(account)->view())};
  }

  void create_subjects(std::size_t count) {
    const auto account = any_account();
    if (!account) return;
    std::vector<domain::UserId> users;
    for (std::size_t i = 0; i < count; ++i) {
      users.push_back(random_id<domain::UserId>(2));
      subjects_[{*account, users.back()}];
    }
    if (store_->create_subject_keys(*account, users)) return;
    for (const auto user : users) {
      const auto key = store_->subject_key(*account, user);
      // The cache is small: the store may be asked, and may be without power by now.
      const std::string bytes = key && *key ? std::string((*key)->view()) : "";
      if (bytes.empty() && !disk_->powerless()) fail("a key just made can't be read");
      subjects_[{*account, user}] = {Fact::there, bytes};
    }
  }

  void erase(std::size_t count) {
    std::vector<Subject> victims;
    for (const auto& [subject, fact] : subjects_) {
      if (fact.state == Fact::there && victims.size() < count) victims.push_back(subject);
    }
    for (const auto& victim : victims) {
      erasing_[victim] = wrapped_bytes_of(victim);
      subjects_[victim].state = Fact::either;
    }
    if (store_->erase_subjects(victims)) return;
    for (const auto& victim : victims) {
      subjects_[victim].state = Fact::gone;
      destroyed_.push_back(erasing_[victim]);
      erasing_.erase(victim);
    }
    ++erasures;
  }

  void rotate() {
    if (next_) return;  // one was cut off, and only the next start tells how it ended
    next_ = random_master_key();
    if (store_->rotate_master(*next_)) return;
    destroyed_.emplace_back(master_.id.view());  // every wrapped key names the key that wraps it
    master_ = *next_;
    next_.reset();
    ++rotations;
  }

  int erasures = 0, rotations = 0;

 private:
  struct Fact {
    enum State { either, there, gone } state = either;
    std::string key;  ///< empty while nobody has seen it
  };

  void fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  std::optional<domain::AccountId> any_account() {
    std::vector<domain::AccountId> known;
    for (const auto& [account, fact] : accounts_) {
      if (fact.state == Fact::there) known.push_back(account);
    }
    return known.empty() ? std::nullopt : std::optional(known[below(known.size())]);
  }

  void compare(Fact& fact, const std::optional<Key>& found, const std::string& what) {
    if (!found && fact.state == Fact::there) fail(what + " that was acknowledged is gone");
    if (found && fact.state == Fact::gone) fail(what + " that was erased is back");
    if (found && !fact.key.empty() && found->view() != fact.key) fail(what + " is another one");
    // Who finds a key believes in it, and who finds none, too.
    fact = {found ? Fact::there : Fact::gone, found ? std::string(found->view()) : fact.key};
  }

  void check() {
    const std::string cluster = std::string(store_->cluster().lookup.key.view())
                                    .append(store_->cluster().log.key.view())
                                    .append(store_->cluster().signing.key.view());
    if (!cluster_.empty() && cluster != cluster_) fail("the cluster's keys are other ones");
    cluster_ = cluster;
    for (auto& [account, fact] : accounts_) compare(fact, store_->account_key(account), "an account's key");
    for (auto& [subject, fact] : subjects_) {
      const auto key = store_->subject_key(subject.account, subject.user);
      if (key.has_error()) {
        if (!disk_->powerless()) fail("a key can't be read: " + key.error().message());
        return;
      }
      compare(fact, *key, "a subject's key");
    }
    // An erasure that was cut off has not happened, or the start has finished it.
    for (const auto& [subject, bytes] : erasing_) {
      if (subjects_[subject].state != Fact::gone) continue;
      if (test::files_that_hold(directory_, bytes) > 0) fail("the start has not finished an erasure");
      destroyed_.push_back(bytes);
    }
    erasing_.clear();
  }

  /// The sealed part of a wrapped key, read beside the store that is open.
  std::string wrapped_bytes_of(const Subject& subject) {
    rocksdb::Options options;
    options.db_log_dir = scratch_.path().string();
    rocksdb::DB* raw = nullptr;
    if (!rocksdb::DB::OpenForReadOnly(options, directory_.string(), &raw).ok()) return "unreadable";
    const std::unique_ptr<rocksdb::DB> db(raw);
    std::string value;
    const std::string row = "s" + std::string(subject.account.uuid.view()) + std::string(subject.user.uuid.view());
    return db->Get({}, row, &value).ok() ? value.substr(29) : "unreadable";
  }

  std::mt19937_64 random_;
  test::ScratchDirectory scratch_;
  const std::filesystem::path directory_ = scratch_ / "keys";
  std::shared_ptr<ForgetfulFileSystem> disk_ = std::make_shared<ForgetfulFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = std::make_unique<SleeplessEnv>(disk_);
  KeyStoreOptions options_;
  MasterKey master_ = random_master_key();
  std::optional<MasterKey> next_;  ///< while nobody knows whether the rotation happened
  std::string cluster_, last_refusal_, wrong_;
  std::map<domain::AccountId, Fact> accounts_;
  std::map<Subject, Fact> subjects_;
  std::map<Subject, std::string> erasing_;  ///< wrapped keys whose erasure was begun and not acknowledged
  std::vector<std::string> destroyed_;      ///< bytes that may be in no file any more
  std::unique_ptr<KeyStore> store_;
};

/// A life in which everything happens once.
void live_by_the_book(Machine& machine) {
  machine.create_account();
  machine.create_account();
  machine.create_subjects(3);
  machine.create_subjects(20);
  machine.erase(1);
  machine.create_subjects(2);
  machine.rotate();
  machine.erase(18);
  machine.rotate();
}

TEST(PowerLostInTheKeyStore, AfterEveryFileOperationOfALife) {
  std::uint64_t at = 1;
  for (bool survived = false; !survived; ++at) {
    ASSERT_LT(at, 1000u) << "a life has an end";
    Machine machine(at);
    machine.disk().lose_power_after(at);
    if (machine.open()) live_by_the_book(machine);
    survived = !machine.disk().powerless();
    machine.die();
    machine.open();
    ASSERT_EQ(machine.wrong(), "") << "power lost at operation " << at;
    if (survived) {
      EXPECT_EQ(machine.erasures, 2);
      EXPECT_EQ(machine.rotations, 2);
    }
  }
  std::cout << at - 2 << " losses of power\n";
  EXPECT_GT(at, 60u) << "there is something to interrupt";
}

TEST(PowerLostInTheKeyStore, AgainAndAgainAtRandom) {
  int losses = 0, erasures = 0, rotations = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Machine machine(seed);
    for (int life = 0; life < 5; ++life, ++losses) {
      const bool dies_while_opening = machine.below(4) == 0;
      if (dies_while_opening) machine.disk().lose_power_after(1 + machine.below(30));
      if (machine.open()) {
        if (!dies_while_opening) machine.disk().lose_power_after(1 + machine.below(120));
        for (int i = 0; i < 40 && !machine.disk().powerless(); ++i) {
          switch (machine.below(8)) {
            case 0: machine.create_account(); break;
            case 1: machine.erase(1 + machine.below(3)); break;
            case 2: machine.rotate(); break;
            default: machine.create_subjects(1 + machine.below(30)); break;
          }
        }
      }
      machine.die();
      ASSERT_EQ(machine.wrong(), "") << "seed " << seed << ", life " << life;
    }
    machine.open();
    ASSERT_EQ(machine.wrong(), "") << "seed " << seed;
    erasures += machine.erasures;
    rotations += machine.rotations;
  }
  std::cout << losses << " losses of power, " << erasures << " erasures and " << rotations << " rotations\n";
  EXPECT_GT(erasures, 50);
  EXPECT_GT(rotations, 50);
}

}  // namespace
}  // namespace countersign::keys
