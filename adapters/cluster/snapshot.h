#pragma once
// A node's views for a node that has none: a new one begins where another one is, instead of at the log's beginning.
//
// Operation: the node that is asked makes a consistent copy of its views, sends it as an archive
// (directory_archive.h) and removes it. The one that asks unpacks it; whoever opens it then holds its positions
// against the log (bus/position_check.h) before it believes them. Everything that follows from the views, such as the
// index, is made from them.
// Limits: one copy at a time is made, by a node that is current; else the answer is 503. A receiver that takes nothing
// is left after the server's time for writing.

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "adapters/cluster/node_certificate.h"
#include "adapters/http/api/worker_pool.h"
#include "adapters/http/server/exchange.h"

namespace countersign::cluster {

class SnapshotSource {
 public:
  /// Makes a copy of the views in a new directory. Throws std::runtime_error.
  using Copy = std::function<void(const std::filesystem::path& directory)>;

  /// `scratch`: a directory for the copy, on the disk of the views. `version`: of the views.
  /// `current`: whether the views are worth having. What a process that was killed has left in `scratch` is removed.
  SnapshotSource(Copy copy, std::function<bool()> current, std::filesystem::path scratch, std::uint32_t version);
  /// Ends its thread; a copy that is being sent ends where it is. As WorkerPool::stop().
  void stop() { pool_.stop(); }

  /// For the port of nodes only. The source must outlive it.
  http::Route route();

 private:
  boost::asio::awaitable<http::Response> send(http::Exchange& exchange);
  boost::asio::awaitable<http::Response> stream(http::Exchange& exchange);

  const Copy copy_;
  const std::function<bool()> current_;
  const std::filesystem::path scratch_;
  const std::uint32_t version_;
  std::atomic<bool> busy_ = false;
  http::WorkerPool pool_{1};
};

/// Who has a copy.
struct SnapshotPeer {
  std::string node, address;
};

struct SnapshotLimits {
  std::chrono::milliseconds connect_within{2'000};
  std::chrono::milliseconds silent_for{60'000};  ///< making the copy counts as silence
  std::uint64_t most_bytes = 0;                  ///< that there is room for
};

/// Asks a node for its views of this version and unpacks them into a directory, which is new. Returns their size.
/// Waits. Throws std::runtime_error saying why there is none; the directory may then hold a part.
std::uint64_t fetch_snapshot(NodeCertificate& certificate, const SnapshotPeer& peer, std::uint32_t version,
                             const std::filesystem::path& directory, const SnapshotLimits& limits);

}  // namespace countersign::cluster
