#include "adapters/http/server/server.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <stdexcept>

#include "adapters/http/server/connection.h"
#include "adapters/http/server/error.h"

namespace countersign::http {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

constexpr std::chrono::milliseconds pause_without_descriptors{100};
constexpr int backlog = 4096;

// The client is told in one send; it can't hold anything up.
void refuse(PlainStream& socket) {
  CorrelationId id;
  id.draw();
  const Response response = to_response(overloaded(), id.text());
  std::string bytes;
  append_head(response, Framing::content_length, true, id.text(), bytes);
  bytes += response.body();
  ::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  boost::system::error_code ignored;
  socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

}  // namespace

class Server::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(Server& server, const ListenAddress& address)
      : server_(server), acceptor_(server.workers_.front()->context()), pause_(server.workers_.front()->context()) {
    try {
      const tcp::endpoint endpoint(asio::ip::make_address(address.host), address.port);
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(asio::socket_base::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen(backlog);
    } catch (const boost::system::system_error& error) {
      throw std::runtime_error("can't listen on " + address.host + ":" + std::to_string(address.port) + ": " +
                               error.code().message());
    }
  }

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  void accept() {
    Worker& worker = *server_.workers_[next_++ % server_.workers_.size()];
    acceptor_.async_accept(
        worker.context().get_executor(),
        [self = shared_from_this(), &worker](const boost::system::error_code& error, PlainStream socket) {
          self->accepted(error, std::move(socket), worker);
        });
  }

  void close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 private:
  void accepted(const boost::system::error_code& error, PlainStream socket, Worker& worker) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system ||
        error == asio::error::no_buffer_space || error == asio::error::no_memory) {
      pause_.expires_after(pause_without_descriptors);
      pause_.async_wait([self = shared_from_this()](const boost::system::error_code& waited) {
        if (!waited) self->accept();
      });
      return;
    }
    if (!error) hand_over(std::move(socket), worker);
    accept();
  }

  void hand_over(PlainStream socket, Worker& worker) {
    if (server_.service_->connections >= server_.service_->limits.max_connections) {
      if (!server_.options_.tls) refuse(socket);
      return;
    }
    auto tls = server_.options_.tls ? server_.options_.tls() : nullptr;
    auto start = [socket = std::move(socket), &worker, service = server_.service_, tls = std::move(tls)]() mutable {
      start_connection(std::move(socket), worker, std::move(service), std::move(tls));
    };
    asio::dispatch(worker.context(), std::move(start));
  }

  Server& server_;
  Acceptor acceptor_;
  asio::steady_timer pause_;
  std::size_t next_ = 0;
};

Server::Server(std::vector<Route> routes, ServerOptions options)
    : service_(std::make_shared<Service>(std::move(routes), options.limits, options.trusted_proxies, options.hooks)),
      options_(std::move(options)) {
  unsigned count = options_.threads != 0 ? options_.threads : std::thread::hardware_concurrency();
  if (count == 0) count = 1;
  for (unsigned i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>());
}

Server::~Server() {
  stop(std::chrono::milliseconds(0));
}

void Server::start() {
  for (const ListenAddress& address : options_.listen) {
    listeners_.push_back(std::make_shared<Listener>(*this, address));
    endpoints_.push_back(listeners_.back()->endpoint());
  }
  for (const auto& worker : workers_) worker->begin_sweeping();
  for (const auto& listener : listeners_) listener->accept();
  for (const auto& worker : workers_) {
    threads_.emplace_back([&context = worker->context()] {
      const auto guard = asio::make_work_guard(context);
      context.run();
    });
  }
}

void Server::stop(std::chrono::milliseconds grace) {
  if (service_->stopping.exchange(true) || threads_.empty()) return;
  asio::post(workers_.front()->context(), [listeners = listeners_] {
    for (const auto& listener : listeners) listener->close();
  });
  const auto each = [this](void (SweptConnection::*call)()) {
    for (const auto& worker : workers_) {
      std::promise<void> done;
      asio::post(worker->context(), [&worker, &done, call] {
        worker->for_each([call](SweptConnection& connection) { (connection.*call)(); });
        done.set_value();
      });
      done.get_future().wait();
    }
  };
  const auto wait = [this](std::chrono::milliseconds time) {
    const auto until = Clock::now() + time;
    while (service_->connections > 0 && Clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  each(&SweptConnection::begin_stop);
  wait(grace);
  each(&SweptConnection::abort);
  wait(std::chrono::milliseconds(500));
  for (const auto& worker : workers_) worker->context().stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::uint64_t raise_open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

}  // namespace countersign::http
