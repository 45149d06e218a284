#pragma once
// How a node shows the others who it is, and asks who they are: TLS 1.3, both ends with a certificate of the cluster's
// authority, no other authority trusted.
//
// Operation: the node's key is made here and never written anywhere. A certificate is good for two days before and
// after the moment it was made, and a new one with a new key is made when a connection is opened a day from that
// moment; so nodes whose clocks differ by less than a day always accept one another. Connections that exist keep
// theirs. Limits: no session is resumed and no ticket sent, so nothing comes over a silent connection until it ends.
// Concurrency: any thread.

#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "adapters/cluster/authority.h"

namespace countersign::cluster {

class NodeCertificate {
 public:
  static constexpr std::chrono::hours renewed_after{24}, good_for{48};

  /// `log_key`: of the cluster. `clock`: null: the machine's.
  NodeCertificate(const keys::Key& log_key, std::string node, std::function<WallTime()> clock = {});

  /// For both ends of new connections.
  std::shared_ptr<boost::asio::ssl::context> current();

 private:
  std::shared_ptr<boost::asio::ssl::context> make(WallTime now) const;

  const Authority authority_;
  const std::string node_;
  const std::function<WallTime()> clock_;
  std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  WallTime made_at_;
};

}  // namespace countersign::cluster
