#pragma once
// What a node of a cluster does for the partitions that it comes to own: a system account for each, an event that says
// who serves it now. And what any node does for people and authenticators that go: it destroys keys and seeds, again
// and again until that is done.
//
// Concurrency: a thread of its own; erased() and deleted() from any thread.

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "adapters/commands/submitter.h"
#include "adapters/keys/key_store.h"
#include "tools/countersignd/logging.h"

namespace countersign::server {

class Steward {
 public:
  Steward(const commands::Partitions& partitions, commands::Submitter& submitter, keys::KeyStore& keys,
          std::string node, bool clustered, Log& log);
  ~Steward() { stop(); }
  void start();
  void stop();

  /// The log says that a person has been erased: the key goes from this node, too.
  void erased(domain::AccountId account, domain::UserId user);
  /// An authenticator has been deleted, and its seed may be there still: its owner couldn't destroy it, or died before.
  void deleted(domain::AccountId account, domain::AuthenticatorId authenticator);

 private:
  void run(const std::stop_token& stop);
  void look_after(std::uint32_t number);
  /// What can't be destroyed stays for the next time.
  template <class Name>
  void destroy(std::vector<Name>& doomed, boost::system::error_code (keys::KeyStore::*erase)(std::span<const Name>),
               const char* complaint);
  void say(const char* what, const boost::system::error_code& error);

  const commands::Partitions& partitions_;
  commands::Submitter& submitter_;
  keys::KeyStore& keys_;
  const std::string node_;
  const bool clustered_;
  Log& log_;
  std::vector<bus::Term> begun_;          ///< in which this node has said that it serves, by partition
  std::vector<std::string> wrong_clock_;  ///< what was last said of it, by partition
  std::map<std::string_view, std::optional<std::chrono::steady_clock::time_point>> said_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<keys::Subject> erased_;
  std::vector<keys::SecretName> deleted_;
  std::jthread thread_;
};

}  // namespace countersign::server
