#pragma once
// Receivers as tests want them: what each has been shown and what it has acknowledged, and how it behaves from now on.
// The transports that lead to them keep to push/transport.h. A receiver is known by its host.

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "adapters/push/transport.h"

namespace countersign::exports::test {

enum class Mood {
  takes,                ///< everything
  takes_two_and_fails,  ///< acknowledges the first two of a batch, then the connection breaks
  takes_and_forgets,    ///< gets everything, and its acknowledgement is lost
  refuses,              ///< no connection
  hangs                 ///< gets everything and never says so
};

class ReceivingEnd {
 public:
  void be(const std::string& host, Mood mood) {
    const std::lock_guard lock(mutex_);
    moods_[host] = mood;
  }
  Mood mood(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return moods_[host];
  }
  /// Everything that has come, repeats included, in order.
  std::vector<push::Message> shown(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return shown_[host];
  }
  std::vector<std::uint64_t> sequences(const std::string& host) {
    std::vector<std::uint64_t> out;
    for (const auto& message : shown(host))
      if (message.sequence > 0) out.push_back(message.sequence);
    return out;
  }
  std::size_t attempts(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return attempts_[host];
  }
  std::size_t connections(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return connections_[host];
  }
  /// Breaks the connections that there are: they are found closed.
  void break_connections() {
    const std::lock_guard lock(mutex_);
    ++generation_;
  }
  std::unique_ptr<push::Transport> transport(boost::asio::any_io_executor executor, const push::Receiver& receiver);

 private:
  class Line;
  std::mutex mutex_;
  std::map<std::string, Mood> moods_;
  std::map<std::string, std::vector<push::Message>> shown_;
  std::map<std::string, std::size_t> attempts_, connections_;
  std::size_t generation_ = 0;
};

class ReceivingEnd::Line final : public push::Transport {
 public:
  Line(ReceivingEnd& end, boost::asio::any_io_executor executor, std::string host)
      : end_(end), host_(std::move(host)), never_(executor) {}

  bool connected() const override {
    const std::lock_guard lock(end_.mutex_);
    return open_ && generation_ == end_.generation_;
  }
  boost::asio::awaitable<std::string> connect() override {
    const std::lock_guard lock(end_.mutex_);
    ++end_.attempts_[host_];
    if (end_.moods_[host_] == Mood::refuses) co_return "connection refused";
    ++end_.connections_[host_];
    generation_ = end_.generation_;
    open_ = true;
    co_return "";
  }
  boost::asio::awaitable<push::Delivery> deliver(std::span<const push::Message> messages) override {
    const auto mood = end_.mood(host_);
    const auto seen = mood == Mood::takes_two_and_fails ? std::min<std::size_t>(2, messages.size()) : messages.size();
    {
      const std::lock_guard lock(end_.mutex_);
      auto& shown = end_.shown_[host_];
      shown.insert(shown.end(), messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(seen));
    }
    if (mood == Mood::takes) co_return push::Delivery{messages.size(), "", {}};
    if (mood == Mood::hangs) {
      never_.expires_at(std::chrono::steady_clock::time_point::max());
      boost::system::error_code ignored;
      co_await never_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    open_ = false;
    co_return push::Delivery{mood == Mood::takes_two_and_fails ? seen : 0, "the connection broke", {}};
  }
  void close() override {
    open_ = false;
    never_.cancel();
  }

 private:
  ReceivingEnd& end_;
  const std::string host_;
  bool open_ = false;
  std::size_t generation_ = 0;
  boost::asio::steady_timer never_;
};

inline std::unique_ptr<push::Transport> ReceivingEnd::transport(boost::asio::any_io_executor executor,
                                                                const push::Receiver& receiver) {
  return std::make_unique<Line>(*this, std::move(executor), receiver.host);
}

}  // namespace countersign::exports::test
