#include "tests/sim/power_loss.h"

#include <map>

#include "bus/embedded_log.h"
#include "tests/sim/event_queue.h"
#include "tests/support/forgetful_file_system.h"
#include "tests/support/log_calls.h"
#include "tests/support/scratch_directory.h"

namespace countersign::sim {
namespace {

class Machine {
 public:
  explicit Machine(std::uint64_t seed) : random_(seed) {
    options_.directory = scratch_ / "log";
    options_.identity = testing::test_identity();
    options_.env = env_.get();
    options_.memtable_bytes = random_.chance(0.5) ? 64 << 10 : 4 << 20;
    if (random_.chance(0.3)) options_.anchor_mirror = scratch_ / "mirror";
  }

  std::string run() {
    for (int life = 0; life < 3 && wrong_.empty(); ++life) live(20 + random_.below(120));
    if (wrong_.empty()) live(UINT64_MAX);
    return wrong_;
  }

 private:
  void live(std::uint64_t operations) {
    const bool dies_while_opening = random_.chance(0.2);
    if (dies_while_opening) disk_->lose_power_after(random_.below(40) + 1);
    try {
      bus::EmbeddedLog log(options_);
      check(log);
      if (!dies_while_opening && operations != UINT64_MAX) disk_->lose_power_after(operations);
      append_some(log);
    } catch (const bus::LogRefused& refused) {
      if (!disk_->powerless()) wrong_ = std::string("refused to open after a loss of power: ") + refused.what();
    } catch (const boost::system::system_error& unreadable) {
      if (!disk_->powerless()) wrong_ = std::string("can't be read after a loss of power: ") + unreadable.what();
    }
    disk_->forget_unsynced(random_.chance(0.5));
    check_anchor();
  }

  void check(bus::EmbeddedLog& log) {
    const auto records = testing::read_all(log);
    for (const auto& [offset, bytes] : promised_) {
      if (offset >= static_cast<std::int64_t>(records.size())) {
        wrong_ = "an acknowledged record is gone";
      } else if (records[static_cast<std::size_t>(offset)] != bytes) {
        wrong_ = "an acknowledged record has changed";
      }
    }
    // Who reads a record believes in it.
    for (std::size_t i = 0; i < records.size(); ++i) promised_[static_cast<std::int64_t>(i)] = records[i];
  }

  void append_some(bus::EmbeddedLog& log) {
    const int count = 10 + static_cast<int>(random_.below(30));
    for (int i = 0, refused = 0; i < count; ++i) {
      const std::string record =
          std::to_string(++written_) + std::string(random_.below(random_.chance(0.2) ? 30'000 : 300), 'r');
      const bus::Appended appended = testing::append(log, record);
      if (appended.outcome != bus::AppendOutcome::durable) {
        if (++refused > 2) return;  // each further one would only try to open the database again
        continue;
      }
      promised_[value(appended.offset)] = record;
      acknowledged_ = std::max(acknowledged_, value(appended.offset));
    }
  }

  void check_anchor() {
    if (acknowledged_ < 0) return;
    const auto anchor = bus::read_anchor(*disk_, options_.directory + "/anchor");
    if (anchor.has_error() || value(anchor->mark.offset) < acknowledged_)
      wrong_ = "the anchor is below what was acknowledged";
  }

  Random random_;
  testing::ScratchDirectory scratch_;
  std::shared_ptr<testing::ForgetfulFileSystem> disk_ = std::make_shared<testing::ForgetfulFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  bus::EmbeddedLogOptions options_;
  std::map<std::int64_t, std::string> promised_;
  std::int64_t acknowledged_ = -1;
  int written_ = 0;
  std::string wrong_;
};

}  // namespace

std::string lose_power_again_and_again(std::uint64_t seed) {
  return Machine(seed).run();
}

}  // namespace countersign::sim
