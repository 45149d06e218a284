#include "adapters/http/server/service.h"

namespace countersign::http {
namespace {

constexpr std::chrono::milliseconds sweep_interval{250};

}  // namespace

Worker::Worker() : timer_(context_) {}

void Worker::begin_sweeping() {
  timer_.expires_after(sweep_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto now = Clock::now();
    for_each([now](SweptConnection& connection) { connection.sweep(now); });
    begin_sweeping();
  });
}

void Worker::for_each(const std::function<void(SweptConnection&)>& call) {
  // A call may end its connection, which then leaves the list.
  for (auto next = connections_.begin(); next != connections_.end();) call(*next++);
}

}  // namespace countersign::http
