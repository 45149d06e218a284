#pragma once
// What a node has that observes accounts: logs of its own, and its part in the one partition of a log in memory.

#include "adapters/commands/observations.h"
#include "bus/memory_log.h"
#include "bus/running_partition.h"
#include "domain/slot.h"
#include "tests/support/partition_environment.h"

namespace countersign::cluster::test {

inline domain::Uuid some_uuid(std::uint8_t byte) {
  domain::Uuid uuid;
  uuid.bytes.fill(byte);
  return uuid;
}
inline domain::AccountId an_account() {
  return {some_uuid(0x11)};
}
inline domain::AccountId an_account_elsewhere(std::uint32_t partitions) {
  auto uuid = some_uuid(0x11);
  do ++uuid.bytes[15];
  while (domain::partition_of({uuid}, partitions) == domain::partition_of(an_account(), partitions));
  return {uuid};
}
inline domain::ApiKeyId a_key() {
  return {some_uuid(0x22)};
}
inline domain::SessionId a_session() {
  return {some_uuid(0x33)};
}

inline domain::UnixMs wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

class ObservingNode {
 public:
  ObservingNode(std::shared_ptr<bus::MemoryPartition> shared, const std::string& name, const std::string& address)
      : log_(std::move(shared)), decider_(views_, keys_) {
    auto environment = testing::environment_of(log_, decider_, views_);
    environment.node = name;
    environment.address = address;
    running_.emplace(std::move(environment), bus::PartitionLimits{});
    (*running_)->start();
    partitions.emplace(std::vector<bus::Partition*>{&**running_}, true);
  }

  bool own() { return running_->own(); }
  bus::Owner owner() { return (*running_)->owner(); }

  /// As somebody who asks this node for it would be.
  void observe(domain::UnixMs at) {
    const auto key = domain::party(a_key());
    reads.count({an_account(), key, domain::Role::siem}, commands::ReadLog::Kind::list, at);
    refusals.count({.account = an_account(),
                    .type = domain::EventType::api_key_refused,
                    .reason = domain::Reason::role_insufficient,
                    .source = {},
                    .ip = "192.0.2.7",
                    .actor = key,
                    .subject = key},
                   at);
    sessions.seen(an_account(), {some_uuid(4)}, a_session(), 1, at);
    this->keys.note({an_account(), a_key(), at});
  }

  std::uint64_t lists() {
    std::uint64_t sum = 0;
    for (const auto& each : reads.take_of({})) sum += each.reads.lists;
    return sum;
  }
  std::uint64_t refused() {
    std::uint64_t sum = 0;
    for (const auto& each : refusals.take_all()) sum += each.count;
    return sum;
  }

  commands::ReadLog reads;
  commands::RefusalLog refusals;
  commands::SessionActivity sessions;
  commands::KeyUse keys;
  const commands::Observed observed{reads, refusals, sessions, keys};
  std::optional<commands::Partitions> partitions;

 private:
  bus::MemoryLog log_;
  testing::Views views_;
  std::set<std::string> keys_;
  testing::RegistersDecider decider_;
  std::optional<bus::RunningPartition> running_;
};

}  // namespace countersign::cluster::test
