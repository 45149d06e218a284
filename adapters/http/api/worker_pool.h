#pragma once
// Threads for what would hold up the connections' threads: scans, and whatever waits for a disk. A coroutine hands its
// work over and goes on on its own thread when that has ended.
//
// Concurrency: any thread. Stop it when nobody hands over work any more, and while the io_context of the connections'
// threads is still there: what has ended is posted to it. What has not begun by then is dropped, and its coroutine with
// it.

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>

namespace countersign::http {

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads) : pool_(std::make_unique<boost::asio::thread_pool>(threads)) {}
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  void stop() {
    if (!pool_) return;
    pool_->stop();
    pool_->join();
    pool_.reset();
  }

  /// What `work` throws is rethrown. `work` may refer to what lives in the coroutine that awaits it.
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work>> run(Work work) {
    namespace asio = boost::asio;
    using Value = std::invoke_result_t<Work>;
    auto initiate = [this, work = std::move(work)](auto handler) mutable {
      auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      asio::post(*pool_, [executor, shared, work = std::move(work)]() mutable {
        std::exception_ptr thrown;
        auto value = std::make_shared<std::optional<Value>>();
        try {
          value->emplace(work());
        } catch (...) {
          thrown = std::current_exception();
        }
        asio::post(executor, [shared, thrown, value]() mutable {
          (*shared)(thrown, value->has_value() ? std::move(**value) : Value{});
        });
      });
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Value)>(
        std::move(initiate), asio::use_awaitable);
  }

 private:
  std::unique_ptr<boost::asio::thread_pool> pool_;
};

}  // namespace countersign::http
