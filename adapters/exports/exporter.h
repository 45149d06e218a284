#pragma once
// Pushes accounts' events to their SIEM destinations. One thread serves all destinations, a coroutine each (run.h), so
// that one that hangs holds up no other, and none holds up a command: the exporter only reads what has landed in the
// views, and what it writes are counted reports.
//
// Which destinations there are it sees from the views, after a start and whenever they change. Export reports are
// written as events, one a destination and 15 minutes at most and at an orderly stop, and only when something else than
// such reports and counted reads was sent: an account at rest becomes silent.
//
// Concurrency: any thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <set>
#include <thread>

#include "adapters/exports/run.h"

namespace rocksdb {
class WriteBufferManager;
}

namespace countersign::exports {

/// Through which other threads hand over work, and through which nothing comes once it is closed: they may outlive us.
class Door {
 public:
  explicit Door(boost::asio::io_context& io) : io_(&io) {}
  template <class Work>
  void post(Work work) {
    const std::lock_guard lock(mutex_);
    if (io_) boost::asio::post(*io_, std::move(work));
  }
  void close() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;
};

class Exporter {
 public:
  /// Opens the cursors in `directory`. Throws std::runtime_error when that can't be done.
  Exporter(ExportPorts ports, const std::filesystem::path& directory, ExportOptions options = {},
           std::shared_ptr<rocksdb::WriteBufferManager> write_buffers = {});
  ~Exporter();
  void start();
  /// Closes all connections, and writes what has been sent since the last reports.
  void stop();

  /// Nothing for a destination that isn't served (yet).
  std::optional<DestinationStatus> status(domain::AccountId account, domain::SiemDestinationId id) const;
  /// Of an account, or of all, in the order of their ids.
  std::vector<DestinationStatus> statuses(std::optional<domain::AccountId> account = {}) const;

  struct Tested {
    bool delivered = false;
    std::string error;  ///< why not
  };
  static constexpr std::size_t most_tests = 16;  ///< under way at once
  /// Sends one line over a connection of its own, whatever the destination's state is. False: too many tests are under
  /// way. `done` is called once, on the exporter's thread or, while it stops, on another.
  bool test(domain::AccountId account, std::shared_ptr<const domain::SiemDestination> row,
            std::function<void(Tested)> done);

 private:
  using Key = std::pair<domain::AccountId, domain::SiemDestinationId>;
  boost::asio::awaitable<void> follow();
  void wake_at_next_frames();
  boost::asio::awaitable<Tested> tested(domain::AccountId account, std::shared_ptr<const domain::SiemDestination> row);
  void look();
  void find_destinations();
  void begin_run(const Key& key, Run::Row row, bool suspended);
  void forget(domain::SiemDestinationId id);
  void report(bool at_once);
  void keep_last();
  void end_all();
  DestinationStatus with_lag(DestinationStatus status) const;

  const ExportPorts ports_;
  const ExportOptions options_;
  boost::asio::io_context io_{1};
  boost::asio::thread_pool waiting_{1};
  CursorStore cursors_;
  const ExportRoom room_;

  mutable std::mutex mutex_;
  std::map<Key, std::shared_ptr<Run>> runs_;  ///< guarded; changed on the exporter's thread only
  std::optional<std::uint64_t> changes_;
  std::vector<bool> owned_;  ///< partitions, as of the last look
  std::size_t running_ = 0;  ///< coroutines but follow()
  std::atomic<std::size_t> tests_ = 0;
  std::set<push::Transport*> testing_;
  bool ending_ = false;
  std::vector<bool> waits_;  ///< partitions whose next frame will wake us
  const std::shared_ptr<Door> door_ = std::make_shared<Door>(io_);
  boost::asio::steady_timer look_timer_{io_}, patience_{io_};
  std::thread thread_;
};

}  // namespace countersign::exports
