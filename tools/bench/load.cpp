#include "tools/bench/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <span>
#include <stdexcept>

#include "tools/bench/measure.h"

namespace countersign::bench {
namespace {

struct Connection {
  int fd = -1;
  std::string in;
  bool waiting = false;
  Stopwatch since;  ///< the request was sent
};

class Generator {
 public:
  explicit Generator(const Load& load)
      : load_(load), epoll_(epoll_create1(EPOLL_CLOEXEC)), connections_(load.connections) {
    for (auto& connection : connections_) open(connection);
  }
  ~Generator() {
    for (const auto& connection : connections_) close(connection.fd);
    close(epoll_);
  }

  Loaded run() {
    for (auto& connection : connections_) send_next(connection);
    epoll_event events[64];
    while (under_way_ > 0) {
      const int ready = wait(events);
      for (int i = 0; i < ready; ++i) receive(*static_cast<Connection*>(events[i].data.ptr));
    }
    loaded_.seconds = watch_.seconds();
    return loaded_;
  }

 private:
  /// On a CPU of its own the generator doesn't sleep, or the server would spend its time on waking it.
  int wait(std::span<epoll_event> events) {
    for (const Stopwatch watch;;) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), load_.cpu ? 0 : 30'000);
      if (ready > 0) return ready;
      if (ready < 0 || watch.seconds() > 30) throw std::runtime_error("no answer for 30 s");
    }
  }

  void open(Connection& connection) {
    connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(load_.port);
    if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("no connection to port " + std::to_string(load_.port));
    const int on = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.ptr = &connection;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &wanted);
  }

  bool is_over() const {
    return load_.seconds > 0 ? watch_.seconds() >= load_.seconds : next_ >= load_.requests->size();
  }

  void send_next(Connection& connection) {
    if (is_over()) return;
    const auto& request = (*load_.requests)[next_++ % load_.requests->size()];
    if (write(connection.fd, request.data(), request.size()) != static_cast<ssize_t>(request.size()))
      throw std::runtime_error("a request could not be sent");
    connection.waiting = true;
    connection.since = {};
    ++under_way_;
  }

  void receive(Connection& connection) {
    char piece[16 * 1024];
    const auto got = read(connection.fd, piece, sizeof piece);
    if (got <= 0) throw std::runtime_error("the server closed a connection: " + loaded_.first_failure);
    std::string_view text(piece, static_cast<std::size_t>(got));
    if (!connection.in.empty()) {
      connection.in.append(text);
      text = connection.in;
    }
    if (take(text)) {
      if (load_.each_ms) load_.each_ms->push_back(connection.since.seconds() * 1e3);
      connection.in.clear();
      connection.waiting = false;
      --under_way_;
      send_next(connection);
    } else if (connection.in.empty()) {
      connection.in = text;
    }
  }

  /// Whether `text` is a whole answer; counts it then.
  bool take(std::string_view text) {
    const auto end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    constexpr std::string_view length = "\r\nContent-Length: ";
    std::size_t size = 0;
    if (const auto at = text.substr(0, end).find(length); at != std::string_view::npos)
      std::from_chars(text.data() + at + length.size(), text.data() + end, size);
    if (text.size() < end + 4 + size) return false;
    ++loaded_.answered;
    if (text.size() < 12 || text[9] != '2') {
      if (loaded_.failed++ == 0) loaded_.first_failure = text;
    } else if (load_.on_body) {
      load_.on_body(text.substr(end + 4, size));
    }
    return true;
  }

  const Load& load_;
  int epoll_;
  std::vector<Connection> connections_;
  std::size_t next_ = 0, under_way_ = 0;
  Loaded loaded_;
  Stopwatch watch_;
};

/// Keeps this thread on one CPU while it lives.
class Pinned {
 public:
  explicit Pinned(std::optional<int> cpu) {
    sched_getaffinity(0, sizeof before_, &before_);
    if (!cpu) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(*cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  ~Pinned() { sched_setaffinity(0, sizeof before_, &before_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_;
};

}  // namespace

Loaded run(const Load& load) {
  const Pinned pinned(load.cpu);
  return Generator(load).run();
}

}  // namespace countersign::bench
