#include "adapters/audit_topic/publisher.h"

#include <pthread.h>

#include "bus/errc.h"

namespace countersign::audit_topic {

Publisher::Publisher(const PublicationPorts& ports, const commands::Partitions& partitions,
                     std::function<void(std::string_view)> warn, const PublisherOptions& options)
    : ports_(ports), partitions_(partitions), warn_(std::move(warn)), options_(options) {
  bell_->waits.resize(partitions_.count());
}

void Publisher::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  pthread_setname_np(thread_.native_handle(), "audit-topic");
}

void Publisher::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  ports_.topic.cancel();
  thread_.join();
}

std::vector<PublicationStatus> Publisher::statuses() const {
  const std::lock_guard lock(mutex_);
  std::vector<PublicationStatus> all;
  for (const auto& [number, status] : statuses_) all.push_back(status);
  return all;
}

void Publisher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    wake_at_next_frames();  // before the look: what lands meanwhile must wake us
    bool more = false;
    for (std::uint32_t n = 0; n < partitions_.count() && !stop.stop_requested(); ++n) more = serve(n) || more;
    if (more) continue;
    std::unique_lock lock(bell_->mutex);
    // So that under load a look finds many frames.
    bell_->rung.wait_for(lock, stop, options_.pause, [] { return false; });
    bell_->rung.wait_for(lock, stop, options_.look_every, [this] { return bell_->news; });
    bell_->news = false;
  }
}

/// Where nothing waits yet: a partition in which nothing happens is told of one waiter, however often we look.
void Publisher::wake_at_next_frames() {
  for (std::uint32_t n = 0; n < partitions_.count(); ++n) {
    {
      const std::lock_guard lock(bell_->mutex);
      if (bell_->waits[n]) continue;
      bell_->waits[n] = true;
    }
    auto& partition = partitions_.at(n);
    partition.when_landed(bus::next(partition.landed_frame()),
                          [n, bell = bell_](const boost::system::error_code& error) {
                            if (error) return;  // the partition has ended: there is nothing more to come
                            const std::lock_guard lock(bell->mutex);
                            bell->waits[n] = false;
                            bell->news = true;
                            bell->rung.notify_all();
                          });
  }
}

/// A step of a partition's publication. True: there may be more to write.
bool Publisher::serve(std::uint32_t number) {
  const auto& partition = partitions_.at(number);
  const auto sequencer = partition.status().sequencer;
  if (sequencer.phase != bus::SequencerPhase::serving && sequencer.phase != bus::SequencerPhase::resolving) {
    if (served_.erase(number) > 0) show(number, nullptr);
    return false;
  }
  auto& served = served_.try_emplace(number, Served{.back_off = exports::BackOff(options_.back_off)}).first->second;
  if (!served.publication || served.term != sequencer.term) {
    served.publication = std::make_unique<Publication>(ports_, partition.identity(), options_.limits);
    served.term = sequencer.term;
  }
  if (Clock::now() < served.not_before) return false;
  try {
    const auto left = served.publication->step();
    if (left.has_error()) {
      if (left.error() != bus::errc::stopping) failed(number, served, left.error().message());
      return false;
    }
    served.failure.clear();
    served.back_off.reset();
    show(number, &served);
    return *left == Publication::Left::perhaps;
  } catch (const std::exception& error) {
    failed(number, served, error.what());
    return false;
  }
}

void Publisher::failed(std::uint32_t number, Served& served, const std::string& why) {
  served.not_before = Clock::now() + served.back_off.failed({}, random_);
  if (why != served.failure)
    warn_("events of partition " + std::to_string(number) + " don't get into the public topic: " + why);
  served.failure = why;
  show(number, &served);
}

void Publisher::show(std::uint32_t number, const Served* served) {
  const std::lock_guard lock(mutex_);
  if (!served) {
    statuses_.erase(number);
    return;
  }
  statuses_[number] = {number, served->publication->lag_events(), served->publication->written(), served->failure};
}

}  // namespace countersign::audit_topic
