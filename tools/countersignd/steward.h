#pragma once
// What a node does for the partitions that it comes to own, and for people and authenticators that go: a system account
// for each partition, an event that says who serves it now, and destroyed keys and seeds.
//
// Concurrency: a thread of its own; erased() and deleted() from any thread.

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "adapters/commands/submitter.h"
#include "adapters/keys/key_store.h"
#include "tools/countersignd/logging.h"

namespace countersign::server {

class Steward {
 public:
  Steward(const commands::Partitions& partitions, commands::Submitter& submitter, keys::KeyStore& keys,
          std::string node, Log& log);
  ~Steward() { stop(); }
  void start();
  void stop();

  /// The log says that a person has been erased: the key goes from this node, too.
  void erased(domain::AccountId account, domain::UserId user);
  /// The log says that an authenticator has been deleted: its owner may have died before it destroyed the seed.
  void deleted(domain::AccountId account, domain::AuthenticatorId authenticator);

 private:
  void run(const std::stop_token& stop);
  void look_after(std::uint32_t number);
  void destroy_keys();
  void destroy_seeds();

  const commands::Partitions& partitions_;
  commands::Submitter& submitter_;
  keys::KeyStore& keys_;
  const std::string node_;
  Log& log_;
  std::vector<bus::Term> begun_;          ///< in which this node has said that it serves, by partition
  std::vector<std::string> wrong_clock_;  ///< what was last said of it, by partition
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<keys::Subject> erased_;
  std::vector<keys::SecretName> deleted_;
  std::jthread thread_;
};

}  // namespace countersign::server
