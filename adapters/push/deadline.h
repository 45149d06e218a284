#pragma once
// A bound on a wait: when it passes, what it was given is called, once. Ends with the object; a call that was already
// on its way is not made then.

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

namespace countersign::push {

class Deadline {
 public:
  Deadline(boost::asio::any_io_executor executor, std::chrono::milliseconds limit, std::function<void()> when_passed)
      : state_(std::make_shared<State>(executor, std::move(when_passed))) {
    state_->timer.expires_after(limit);
    state_->timer.async_wait([state = state_](const boost::system::error_code& error) {
      if (error || !state->call) return;
      state->passed = true;
      state->call();
    });
  }
  ~Deadline() {
    state_->call = nullptr;
    state_->timer.cancel();
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  bool passed() const { return state_->passed; }

 private:
  struct State {
    State(boost::asio::any_io_executor executor, std::function<void()> when_passed)
        : timer(std::move(executor)), call(std::move(when_passed)) {}
    boost::asio::steady_timer timer;
    std::function<void()> call;
    bool passed = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace countersign::push
