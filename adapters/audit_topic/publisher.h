#pragma once
// Writes the public topic for all partitions that this node owns, on one thread, woken by frames that land. Commands
// never wait for it: it reads what has landed in the views, and the log is its queue.
//
// A partition's publication lasts as long as the node's term: each new one finds its place at the topic's end. After a
// failure a partition waits, longer each time, and repeats what is in doubt.
//
// Concurrency: any thread.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "adapters/audit_topic/publication.h"
#include "adapters/commands/partitions.h"
#include "adapters/exports/back_off.h"

namespace countersign::audit_topic {

/// Of a partition that this node owns.
struct PublicationStatus {
  std::uint32_t partition = 0;
  std::uint64_t lag_events = 0, written = 0;
  std::string failure;  ///< empty: the last attempt did not fail
};

struct PublisherOptions {
  PublicationLimits limits;
  exports::BackOffLimits back_off{.first = std::chrono::milliseconds(1'000),
                                  .longest = std::chrono::milliseconds(30'000)};
  std::chrono::milliseconds look_every{1'000};
  std::chrono::milliseconds pause{100};  ///< between two looks that found everything written
};

class Publisher {
 public:
  /// All must outlive it.
  Publisher(const PublicationPorts& ports, const commands::Partitions& partitions,
            std::function<void(std::string_view)> warn, const PublisherOptions& options = {});
  ~Publisher() { stop(); }
  void start();
  void stop();

  std::vector<PublicationStatus> statuses() const;

 private:
  using Clock = std::chrono::steady_clock;
  /// Through which landing partitions wake the thread: they may outlive it.
  struct Bell {
    std::mutex mutex;
    std::condition_variable_any rung;
    bool news = false;
    std::vector<bool> waits;  ///< partitions whose next frame will ring
  };
  struct Served {
    bus::Term term{};
    std::unique_ptr<Publication> publication;
    exports::BackOff back_off;
    Clock::time_point not_before{};
    std::string failure;
  };
  void run(const std::stop_token& stop);
  void wake_at_next_frames();
  bool serve(std::uint32_t number);
  void failed(std::uint32_t number, Served& served, const std::string& why);
  void show(std::uint32_t number, const Served* served);

  const PublicationPorts ports_;
  const commands::Partitions& partitions_;
  const std::function<void(std::string_view)> warn_;
  const PublisherOptions options_;
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::map<std::uint32_t, Served> served_;
  std::minstd_rand random_{std::random_device{}()};
  mutable std::mutex mutex_;
  std::map<std::uint32_t, PublicationStatus> statuses_;  ///< guarded
  std::jthread thread_;
};

}  // namespace countersign::audit_topic
