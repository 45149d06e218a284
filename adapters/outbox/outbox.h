#pragma once
// Sends the messages of challenges, each once at most (domain/challenge.h), by the owner of its account's partition and
// by nobody else. What is to be sent stands in the views: what was issued here is told at once, and what a stopped
// server or another owner left is found by looking. A message that is `sending` and isn't ours may have been delivered
// or not: it is reported as undelivered.
//
// Each channel has threads of its own, so that a mail server that hangs holds up no SMS, and none of them a command.
// What may be repeated (messages::Later) is, at growing intervals until the challenge expires; nothing else is.
//
// Concurrency: any thread.

#include <array>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "adapters/commands/submitter.h"
#include "adapters/exports/back_off.h"
#include "adapters/outbox/otp_message.h"

namespace countersign::outbox {

/// What an outbox needs of the rest of the server. All must outlive it.
struct OutboxPorts {
  const projections::Views& views;
  commands::Submitter& submitter;
  MessageSources sources;
  std::function<void(std::string_view)> warn;
};

/// Null: messages of this channel aren't sent here.
struct Transports {
  std::unique_ptr<messages::Transport> sms, email;
};

struct OutboxOptions {
  std::size_t threads = 4;          ///< of each channel
  std::size_t most_known = 10'000;  ///< messages of a channel in memory; others wait in the views
  /// A challenge lives for minutes: whoever asks for more patience than that isn't heard.
  exports::BackOffLimits back_off{.longest = std::chrono::milliseconds(60'000),
                                  .longest_asked = std::chrono::milliseconds(60'000)};
  std::chrono::milliseconds look_every{1'000};
  std::chrono::milliseconds stop_patience{5'000};  ///< for what is just being sent
};

struct ChannelCounts {
  std::uint64_t waiting = 0, sent = 0, undelivered = 0, deferred = 0;
};

class Outbox {
 public:
  Outbox(OutboxPorts ports, Transports transports, OutboxOptions options = {});
  ~Outbox() { stop(); }
  void start();
  /// What is just being sent may end; what waits stays for the next start.
  void stop();

  /// Whether messages of this channel are sent here.
  bool sends(domain::Channel channel) const;
  /// That this challenge was just issued here. If there is no room, it is found later.
  void queue(const DeliveryReference& reference, domain::UserId user, domain::Channel channel);
  ChannelCounts counts(domain::Channel channel) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    DeliveryReference reference;
    domain::UserId user;
    exports::BackOff back_off;
  };
  struct Lane {
    domain::Channel channel = domain::Channel::none;
    std::unique_ptr<messages::Transport> transport;
    std::multimap<Clock::time_point, Job> waiting;                              ///< by when they are due
    std::set<std::pair<domain::AuthenticatorId, domain::ChallengeId>> claimed;  ///< waiting, or being sent
    ChannelCounts counts;
    std::optional<Clock::time_point> warned;
  };
  Lane& lane_of(domain::Channel channel) { return lanes_[channel == domain::Channel::sms ? 0 : 1]; }
  const Lane& lane_of(domain::Channel channel) const { return lanes_[channel == domain::Channel::sms ? 0 : 1]; }

  void work(Lane& lane);
  /// How long until the next attempt; nothing: it is over.
  std::optional<std::chrono::milliseconds> attempt(Lane& lane, Job& job);
  messages::Result sent(Lane& lane, const Job& job);
  void end(Lane& lane, const Job& job, domain::Delivery outcome, domain::Reason reason);
  void look();
  void take_over(Lane& lane, const DeliveryReference& found, domain::UserId user);
  bool claim(Lane& lane, const DeliveryReference& reference);
  void release(Lane& lane, const DeliveryReference& reference);
  void add(Lane& lane, const DeliveryReference& reference, domain::UserId user);
  void say(Lane& lane, std::string_view what, const std::string& reason);
  bool stopping() const;

  OutboxPorts ports_;
  const OutboxOptions options_;
  std::array<Lane, 2> lanes_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::size_t under_way_ = 0;
  std::minstd_rand random_{std::random_device{}()};
  std::stop_source cut_off_;
  std::vector<std::thread> threads_;
};

}  // namespace countersign::outbox
