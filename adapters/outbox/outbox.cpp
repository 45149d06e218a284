#include "adapters/outbox/outbox.h"

#include <system_error>

namespace countersign::outbox {

using domain::Channel;
using domain::Delivery;
using domain::Reason;

namespace {

constexpr auto write_again_after = std::chrono::milliseconds(500);
constexpr auto failed_pause = std::chrono::milliseconds(5'000);  ///< after what nobody foresaw
constexpr std::size_t most_found = 10'000;                       ///< at a look
constexpr auto warn_every = std::chrono::minutes(1);

commands::Call system_call(domain::AccountId account) {
  commands::Call call;
  call.context.account = account;
  call.context.actor.kind = domain::PartyKind::system;
  return call;
}

}  // namespace

Outbox::Outbox(OutboxPorts ports, Transports transports, OutboxOptions options)
    : ports_(std::move(ports)), options_(options) {
  lanes_[0].channel = Channel::sms;
  lanes_[0].transport = std::move(transports.sms);
  lanes_[1].channel = Channel::email;
  lanes_[1].transport = std::move(transports.email);
}

void Outbox::start() {
  for (auto& lane : lanes_)
    for (std::size_t i = 0; i < options_.threads; ++i) {
      threads_.emplace_back([this, &lane] { work(lane); });
      pthread_setname_np(threads_.back().native_handle(), "outbox");
    }
  threads_.emplace_back([this] {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      try {
        look();
      } catch (const std::exception& error) {
        ports_.warn(std::string("messages under way can't be looked for: ") + error.what());
      }
      lock.lock();
      wake_.wait_for(lock, options_.look_every, [this] { return stopping_; });
    }
  });
}

void Outbox::stop() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    wake_.wait_for(lock, options_.stop_patience, [this] { return under_way_ == 0; });
  }
  cut_off_.request_stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

bool Outbox::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Outbox::sends(Channel channel) const {
  return channel != Channel::none && lane_of(channel).transport != nullptr;
}

ChannelCounts Outbox::counts(Channel channel) const {
  const std::lock_guard lock(mutex_);
  auto counts = lane_of(channel).counts;
  counts.waiting = lane_of(channel).waiting.size();
  return counts;
}

// --- what there is to send -------------------------------------------------------------------------------------------

/// Who has claimed a challenge's message is the only one of this process who speaks of it.
bool Outbox::claim(Lane& lane, const DeliveryReference& reference) {
  const std::lock_guard lock(mutex_);
  if (lane.claimed.size() >= options_.most_known) return false;
  return lane.claimed.emplace(reference.authenticator, reference.challenge).second;
}

void Outbox::release(Lane& lane, const DeliveryReference& reference) {
  const std::lock_guard lock(mutex_);
  lane.claimed.erase({reference.authenticator, reference.challenge});
}

void Outbox::add(Lane& lane, const DeliveryReference& reference, domain::UserId user) {
  const std::lock_guard lock(mutex_);
  lane.waiting.emplace(Clock::now(), Job{reference, user, exports::BackOff(options_.back_off)});
  wake_.notify_all();
}

void Outbox::queue(const DeliveryReference& reference, domain::UserId user, Channel channel) {
  if (channel == Channel::none) return;
  auto& lane = lane_of(channel);
  if (claim(lane, reference)) add(lane, reference, user);
}

void Outbox::look() {
  const std::string table(1, static_cast<char>(projections::Table::deliveries));
  std::vector<std::pair<DeliveryReference, domain::UserId>> found;
  ports_.views.scan(table, table, [&](std::string_view key, std::string_view user) {
    const auto entry = projections::parse_delivery_key(key);
    if (ports_.submitter.takes(entry.account))  // or another node sends
      found.push_back({{entry.account, entry.authenticator, {}}, domain::UserId{domain::uuid_from(user)}});
    return found.size() < most_found;
  });
  for (auto& [reference, user] : found) {
    if (stopping()) return;
    const auto row = ports_.sources.state.reader().user(reference.account, user);
    const auto* authenticator = row ? row->authenticator(reference.authenticator) : nullptr;
    if (!authenticator || !authenticator->challenge.is_under_way()) continue;
    reference.challenge = authenticator->challenge.id;
    auto& lane = lane_of(authenticator->challenge.channel);
    if (!claim(lane, reference)) continue;
    try {
      take_over(lane, reference, user);
    } catch (...) {
      release(lane, reference);  // it is looked at again
      throw;
    }
  }
}

/// It is claimed: what is read now nobody here is changing.
void Outbox::take_over(Lane& lane, const DeliveryReference& found, domain::UserId user) {
  const auto row = ports_.sources.state.reader().user(found.account, user);
  const auto* authenticator = row ? row->authenticator(found.authenticator) : nullptr;
  const bool current = authenticator && authenticator->challenge.id == found.challenge;
  const auto delivery = current ? authenticator->challenge.delivery : Delivery::none;
  if (delivery == Delivery::queued) return add(lane, found, user);
  if (delivery == Delivery::sending)
    end(lane, Job{found, user, exports::BackOff(options_.back_off)}, Delivery::undelivered, Reason::delivery_unknown);
  release(lane, found);
}

// --- sending ---------------------------------------------------------------------------------------------------------

void Outbox::work(Lane& lane) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (lane.waiting.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto due = lane.waiting.begin()->first;
    if (due > Clock::now()) {
      wake_.wait_until(lock, due);
      continue;
    }
    auto job = lane.waiting.extract(lane.waiting.begin()).mapped();
    ++under_way_;
    lock.unlock();
    auto pause = std::optional(failed_pause);
    try {
      pause = attempt(lane, job);
    } catch (const std::exception& error) {
      say(lane, "is tried again", error.what());
    }
    if (!pause) release(lane, job.reference);
    lock.lock();
    if (pause) lane.waiting.emplace(Clock::now() + *pause, job);
    --under_way_;
    wake_.notify_all();
  }
}

std::optional<std::chrono::milliseconds> Outbox::attempt(Lane& lane, Job& job) {
  const auto pause = [&](std::optional<std::chrono::seconds> asked) {
    const std::lock_guard lock(mutex_);
    return job.back_off.failed(asked, random_);
  };
  const auto& [account, authenticator, challenge] = job.reference;
  const auto begun =
      ports_.submitter.wait(system_call(account), domain::BeginDelivery{job.user, authenticator, challenge});
  if (!begun.ok()) {
    if (!ports_.submitter.takes(account)) return std::nullopt;
    return pause({});
  }
  if (!begun.result->send) return std::nullopt;

  const auto result = sent(lane, job);
  if (std::holds_alternative<messages::Accepted>(result)) {
    end(lane, job, Delivery::sent, Reason::none);
    return std::nullopt;
  }
  if (const auto* later = std::get_if<messages::Later>(&result)) {
    say(lane, "is tried again", later->reason);
    end(lane, job, Delivery::queued, Reason::none);
    return pause(later->after);
  }
  const auto* unknown = std::get_if<messages::Unknown>(&result);
  say(lane, unknown ? "may not have been delivered" : "was refused",
      unknown ? unknown->reason : std::get<messages::Refused>(result).reason);
  end(lane, job, Delivery::undelivered, unknown ? Reason::delivery_unknown : Reason::delivery_refused);
  return std::nullopt;
}

messages::Result Outbox::sent(Lane& lane, const Job& job) {
  if (!lane.transport) return messages::Refused{"no way to send it is configured"};
  bool handed_over = false;
  try {
    auto made = otp_message(ports_.sources, job.reference, job.user);
    if (auto* refused = std::get_if<messages::Refused>(&made)) return std::move(*refused);
    if (auto* later = std::get_if<messages::Later>(&made)) return std::move(*later);
    handed_over = true;
    return lane.transport->send(std::get<messages::Message>(made), cut_off_.get_token());
  } catch (const std::system_error& error) {
    return messages::Later{error.what(), {}};  // a key that can't be read, a socket that can't be had: nothing was sent
  } catch (const std::exception& error) {
    if (handed_over) return messages::Unknown{error.what()};
    return messages::Later{error.what(), {}};
  }
}

/// Written again until the log takes it, unless this account is another node's by now, or this one stops: then whoever
/// looks next finds a message of which nothing is known.
void Outbox::end(Lane& lane, const Job& job, Delivery outcome, Reason reason) {
  const auto& [account, authenticator, challenge] = job.reference;
  const domain::EndDelivery command{job.user, authenticator, challenge, outcome, reason};
  for (;;) {
    const auto ended = ports_.submitter.wait(system_call(account), command);
    std::unique_lock lock(mutex_);
    if (ended.ok()) {
      lane.counts.sent += ended.result->taken && outcome == Delivery::sent;
      lane.counts.undelivered += ended.result->taken && outcome == Delivery::undelivered;
      lane.counts.deferred += ended.result->taken && outcome == Delivery::queued;
      return;
    }
    if (stopping_ || !ports_.submitter.takes(account)) return;
    wake_.wait_for(lock, write_again_after, [this] { return stopping_; });
  }
}

/// Once a minute and channel: a server that is down would fill the log.
void Outbox::say(Lane& lane, std::string_view what, const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (lane.warned && now < *lane.warned + warn_every) return;
    lane.warned = now;
  }
  ports_.warn(std::string("a message by ")
                  .append(domain::channel_text(lane.channel))
                  .append(" ")
                  .append(what)
                  .append(": ")
                  .append(reason));
}

}  // namespace countersign::outbox
