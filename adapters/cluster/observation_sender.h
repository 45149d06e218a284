#pragma once
// Tells the owners of partitions what this node has observed of their accounts, once a second.
//
// Operation: of each partition that another node owns one batch (observation_text.h) is under way at a time. It is
// sent to whoever owns the partition, again with each round, until he says that he has it; meanwhile what comes stays
// in the logs, which are bounded. The owners are told side by side. A partition that has become this node's own is told
// nothing: its batch goes back.
// Promise: an owner whose answer was lost knows the repeat by its id, so nothing is counted twice. A new owner doesn't
// know it: where the former one had the batch and handed it over or wrote it, its reads and refusals count twice.
// That is rather accepted than a read that no event tells of. What an owner has and hasn't written when it is killed is
// lost as what it has counted itself, but for the uses of sessions and keys, which the new owner is told again.
// Limits: a batch that is called malformed is dropped after `drop_malformed_after`: it would hold up all others.
// Concurrency: a thread of its own; round() and stop() are not for two at once.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "adapters/cluster/node_certificate.h"
#include "adapters/cluster/node_connection.h"
#include "adapters/cluster/observation_text.h"

namespace countersign::cluster {

struct ObservationTrouble {
  std::uint32_t partition = 0;
  std::string node, reason;
  bool dropped = false;
};

struct ObservationSenderOptions {
  std::chrono::milliseconds connect_within{1'000};
  std::chrono::milliseconds answer_within{3'000};
  std::chrono::milliseconds say_after{30'000};  ///< that a batch can't be handed over, and then once a minute
  std::chrono::milliseconds drop_malformed_after{600'000};
  /// On the sender's thread.
  std::function<void(const ObservationTrouble&)> on_trouble;
};

class ObservationSender {
 public:
  /// All must outlive it.
  ObservationSender(NodeCertificate& certificate, const commands::Partitions& partitions,
                    const commands::Observed& observed, std::function<domain::UnixMs()> clock,
                    ObservationSenderOptions options);
  ~ObservationSender();
  void start();
  /// Ends the thread and tells what there is, for 5 s at most: the last that is done of all that observes.
  void stop();
  /// True: an owner has taken what left more behind: a batch as large as it may be, or one that came late.
  bool round();

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct UnderWay {
    ObservationBatch batch;
    Time since, say_next;
    bool repeated = false;
  };
  struct Place {
    std::string node, address;
    auto operator<=>(const Place&) const = default;
  };
  /// What became of one that was sent: 0 for no answer.
  struct Answer {
    std::uint32_t partition = 0;
    unsigned status = 0;
    std::string reason;
  };

  void notice_owners();
  void take();
  std::map<Place, std::vector<std::uint32_t>> addressed() const;
  boost::asio::awaitable<void> tell(Place place, std::vector<std::uint32_t> partitions, std::vector<Answer>& answers);
  boost::asio::awaitable<Answer> send(NodeConnection& connection, std::uint32_t partition, std::string host);
  bool settle(const Place& place, const Answer& answer);

  NodeCertificate& certificate_;
  const commands::Partitions& partitions_;
  const commands::Observed observed_;
  const std::function<domain::UnixMs()> clock_;
  const ObservationSenderOptions options_;
  boost::asio::io_context io_{1};
  std::map<std::uint32_t, UnderWay> under_way_;            ///< by partition
  std::map<std::uint32_t, bus::Term> terms_;               ///< the newest that has been noticed
  std::map<Place, std::unique_ptr<NodeConnection>> kept_;  ///< of owners
  std::jthread thread_;
};

}  // namespace countersign::cluster
