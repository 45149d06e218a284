#pragma once
// A node of the simulated world: its part in the partition, as in production, over the registers; its views, clock,
// disk and threads.

#include <functional>
#include <set>

#include "bus/memory_log.h"
#include "bus/partition.h"
#include "tests/sim/event_queue.h"
#include "tests/support/registers_decider.h"

namespace countersign::sim {

constexpr const char* sim_log_key = "the log key of the simulator";
constexpr std::int64_t sim_epoch_ms = 1'700'000'000'000;

class Node {
 public:
  struct Surroundings {
    EventQueue& events;
    Random& random;
    std::shared_ptr<bus::MemoryPartition> partition;
    std::set<std::string>& keys;
    bus::LogIdentity identity;
    bus::PartitionLimits limits;
    Micros landing_jitter;
    std::function<bus::AppendFault(const std::string&)> faults;
    std::function<void(const std::string&)> trace;
    std::function<void(const std::string&)> wrong;
  };
  Node(Surroundings& around, int number) : around_(around), number_(number) {}
  ~Node() { crash(false); }

  /// Follows the log from where the views stand, and claims it if it should.
  void start(bool own);
  void own(bool wanted);
  /// The process ends. What it has handed to the log may still be written, unless the machine went with it.
  void crash(bool with_machine);
  void stop();

  bool up() const { return partition_ != nullptr; }
  bool failed() const { return up() && partition_->status().role == bus::PartitionRole::failed; }
  bool serving() const {
    return up() && partition_->owns() && partition_->status().sequencer.phase == bus::SequencerPhase::serving;
  }
  bool stopped() const { return stopped_; }
  bus::Partition& partition() { return *partition_; }
  testing::RegistersDecider& decider() { return *decider_; }
  const testing::Views& views() const { return views_; }
  int number() const { return number_; }
  /// Of this life of the process; work of an earlier one is gone.
  int life() const { return life_; }
  bool crashing() const { return crashing_; }

  std::int64_t clock_offset_ms = 0;
  std::uint64_t resolves = 0;

 private:
  Surroundings& around_;
  const int number_;
  int life_ = 0;
  bool crashing_ = false;
  bool stopped_ = false;
  testing::Views views_;
  testing::Views synced_views_;  ///< what survives the loss of power
  void about_to_show(bus::FrameNumber frame);
  void be_shown(const bus::AcceptanceState& state);
  std::shared_ptr<SimExecutor> steps_, folding_, disk_;
  std::shared_ptr<bus::MemoryLog> log_;
  std::unique_ptr<testing::RegistersDecider> decider_;
  std::unique_ptr<bus::Partition> partition_;
};

}  // namespace countersign::sim
