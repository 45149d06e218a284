#pragma once
// Awaiting something that ends on another thread with a call: the coroutine goes on on its own thread.
//
//   auto start = [&](Callback<Result> done) { other_thread.submit(work, std::move(done)); };
//   Result result = co_await await_callback<Result>(start);
//
// The callback must be called exactly once, from any thread, while the server lives: stop what calls back before the
// server is destroyed (Server::stop() may come earlier). Name the starter, as above: it is used by reference, and g++
// 12 destroys temporaries of a co_await expression twice in some places.

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>

namespace countersign::http {

template <class T>
using Callback = std::function<void(T)>;

template <class T, class Start>
boost::asio::awaitable<T> await_callback(Start& start) {
  namespace asio = boost::asio;
  const auto initiate = [&start](auto&& handler) {
    using Handler = std::decay_t<decltype(handler)>;
    auto shared = std::make_shared<Handler>(std::forward<decltype(handler)>(handler));
    // The io_context counts this wait as work, so that it doesn't run out of it meanwhile.
    auto executor = asio::prefer(asio::get_associated_executor(*shared), asio::execution::outstanding_work.tracked);
    Callback<T> callback = [shared, executor](T value) {
      asio::post(executor, [shared, value = std::move(value)]() mutable { (*shared)(std::move(value)); });
    };
    start(std::move(callback));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(initiate, asio::use_awaitable);
}

}  // namespace countersign::http
