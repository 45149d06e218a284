#include "adapters/messages/connection.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <mutex>
#include <system_error>

#include "adapters/directory/text_checks.h"

namespace countersign::messages {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_greeting_bytes = 16 * 1024, most_error_bytes = 200;

void prepare_libcurl() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) throw std::runtime_error(std::string("libcurl: ") + curl_easy_strerror(ready));
}

/// Becomes readable when a stop is requested, and stays so.
class StopSignal {
 public:
  explicit StopSignal(const std::stop_token& stop)
      : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(std::in_place, stop, Ring{descriptor_}) {
    if (descriptor_ < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  }
  ~StopSignal() {
    callback_.reset();
    ::close(descriptor_);
  }
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  struct Ring {
    int descriptor;
    void operator()() const {
      const std::uint64_t one = 1;
      // Nothing else writes to it, so there is always room.
      [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
    }
  };
  int descriptor_;
  std::optional<std::stop_callback<Ring>> callback_;
};

boost::asio::ip::address address_of(const curl_sockaddr& given) {
  namespace ip = boost::asio::ip;
  if (given.family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(given.addr);
    return ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(given.addr);
  ip::address_v6::bytes_type bytes{};
  std::copy_n(std::begin(v6.sin6_addr.s6_addr), bytes.size(), bytes.begin());
  return ip::address_v6(bytes, v6.sin6_scope_id);
}

std::string url_of(const ConnectionTarget& target) {
  const bool inside_tls = target.tls == ConnectionTls::from_the_start;
  const bool is_v6 = target.host.find(':') != std::string::npos;
  std::string url = target.smtp ? (inside_tls ? "smtps://" : "smtp://") : (inside_tls ? "https://" : "http://");
  url += is_v6 ? "[" + target.host + "]" : target.host;
  return url + ":" + std::to_string(target.port) + "/" + target.ehlo_name;
}

std::string seconds(std::chrono::milliseconds limit) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count()) + " s";
}

}  // namespace

struct Connection::Curl {
  Curl(push::EgressRules allowed, TransportLimits bounds, std::stop_token stop_requested)
      : rules(std::move(allowed)),
        limits(bounds),
        stop(std::move(stop_requested)),
        stopped(stop),
        ends_at(Clock::now() + bounds.whole) {
    prepare_libcurl();
    handle = curl_easy_init();
    if (!handle) throw std::bad_alloc();
  }
  ~Curl() { curl_easy_cleanup(handle); }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;

  template <class T>
  void set(CURLoption option, T value) {
    if (const auto code = curl_easy_setopt(handle, option, value); code != CURLE_OK)
      throw std::logic_error(std::string("libcurl doesn't know an option: ") + curl_easy_strerror(code));
  }
  void set_up(const ConnectionTarget& target);
  std::string failure(CURLcode code, const ConnectionTarget& target) const;
  /// Empty, or why nothing more is to be done.
  std::string over() const;

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address);
  static std::size_t take_line(char* line, std::size_t size, std::size_t count, void* self);
  static int go_on(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const push::EgressRules rules;
  const TransportLimits limits;
  const std::stop_token stop;
  const StopSignal stopped;
  Clock::time_point ends_at;
  CURL* handle = nullptr;
  bool loopback_only = false;
  std::string refused_address;
  std::string greetings;  ///< SMTP replies of the opening
  std::array<char, CURL_ERROR_SIZE> error{};
};

curl_socket_t Connection::Curl::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& curl = *static_cast<Curl*>(self);
  const auto to = address_of(*address);
  if (!curl.rules.allows(to)) {
    curl.refused_address = push::EgressRules::refusal_of(to);
    return CURL_SOCKET_BAD;
  }
  if (curl.loopback_only && !to.is_loopback()) {
    curl.refused_address = to.to_string() + " is beyond loopback, where only TLS is spoken";
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Connection::Curl::take_line(char* line, std::size_t size, std::size_t count, void* self) {
  auto& greetings = static_cast<Curl*>(self)->greetings;
  if (greetings.size() + size * count > most_greeting_bytes) return 0;
  greetings.append(line, size * count);
  return size * count;
}

int Connection::Curl::go_on(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Curl*>(self)->stop.stop_requested() ? 1 : 0;
}

void Connection::Curl::set_up(const ConnectionTarget& target) {
  loopback_only = target.tls == ConnectionTls::none;
  set(CURLOPT_URL, url_of(target).c_str());
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_PROTOCOLS_STR, target.smtp ? "smtp,smtps" : "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (target.tls == ConnectionTls::starttls) set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!target.authorities.empty()) {
    curl_blob blob{const_cast<char*>(target.authorities.data()), target.authorities.size(), CURL_BLOB_COPY};
    set(CURLOPT_CAINFO_BLOB, &blob);
    // The system's directory would be trusted besides.
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!target.user.empty()) {
    set(CURLOPT_USERNAME, target.user.c_str());
    set(CURLOPT_PASSWORD, target.password.c_str());
    set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
  }
  const auto connect = static_cast<long>(std::min(limits.connect, limits.whole).count());
  set(CURLOPT_CONNECTTIMEOUT_MS, connect);
  set(CURLOPT_TIMEOUT_MS, connect);
  set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_HEADERFUNCTION, &take_line);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_XFERINFOFUNCTION, &go_on);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_ERRORBUFFER, error.data());
}

std::string Connection::Curl::failure(CURLcode code, const ConnectionTarget& target) const {
  auto text = target.host + " port " + std::to_string(target.port) + ": ";
  if (!refused_address.empty()) return text + refused_address;
  if (code == CURLE_ABORTED_BY_CALLBACK) return text + "stopped before it was connected";
  if (code == CURLE_OPERATION_TIMEDOUT) return text + "not connected within " + seconds(limits.connect);
  if (code == CURLE_USE_SSL_FAILED) return text + "STARTTLS is not offered, or was refused";
  if (code == CURLE_LOGIN_DENIED) return text + "the login was refused, or neither AUTH PLAIN nor LOGIN is offered";
  std::string said(error.data());
  const bool showable = !said.empty() && said.size() <= most_error_bytes && directory::is_utf8(said) &&
                        !directory::has_control_character(said);
  return text + (showable ? said : curl_easy_strerror(code));
}

std::string Connection::Curl::over() const {
  if (stop.stop_requested()) return "stopped";
  return Clock::now() < ends_at ? "" : "not done within " + seconds(limits.whole);
}

Connection::Connection(push::EgressRules rules, TransportLimits limits, std::stop_token stop)
    : curl_(std::make_unique<Curl>(std::move(rules), limits, std::move(stop))) {}

Connection::~Connection() = default;

std::string Connection::open(const ConnectionTarget& target) {
  if (curl_->stop.stop_requested()) return curl_->failure(CURLE_ABORTED_BY_CALLBACK, target);
  curl_->set_up(target);
  const auto code = curl_easy_perform(curl_->handle);
  return code == CURLE_OK ? std::string() : curl_->failure(code, target);
}

/// Empty: something can be read or written; else why the wait has ended.
std::string Connection::wait_for(short events) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(curl_->handle, CURLINFO_ACTIVESOCKET, &socket);
  if (socket == CURL_SOCKET_BAD) return "the connection is closed";
  while (true) {
    if (auto over = curl_->over(); !over.empty()) return over;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(curl_->ends_at - Clock::now());
    std::array<pollfd, 2> watched{pollfd{socket, events, 0}, pollfd{curl_->stopped.descriptor(), POLLIN, 0}};
    constexpr std::chrono::milliseconds none{0}, longest{60'000};
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(std::clamp(left, none, longest).count()));
    if (ready < 0 && errno != EINTR) return std::string("poll: ") + std::system_category().message(errno);
    if (ready > 0 && watched[0].revents != 0) return {};
  }
}

std::string Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    // Before a piece is handed over, so that what is too late isn't sent any more.
    if (auto over = curl_->over(); !over.empty()) return over;
    std::size_t taken = 0;
    const auto code = curl_easy_send(curl_->handle, bytes.data(), bytes.size(), &taken);
    if (code == CURLE_AGAIN) {
      if (auto error = wait_for(POLLOUT); !error.empty()) return error;
      continue;
    }
    if (code != CURLE_OK) return "the connection broke while it was sent";
    bytes.remove_prefix(taken);
  }
  return {};
}

Connection::Got Connection::read_some() {
  std::array<char, 4096> room{};
  while (true) {
    std::size_t count = 0;
    const auto code = curl_easy_recv(curl_->handle, room.data(), room.size(), &count);
    // TLS may hold bytes that no poll would announce, so the wait comes second.
    if (code == CURLE_AGAIN) {
      if (auto error = wait_for(POLLIN); !error.empty()) return {{}, std::move(error), false};
      continue;
    }
    if (code != CURLE_OK) return {{}, "the connection broke before the answer", false};
    if (count == 0) return {{}, "the connection was closed before the answer", true};
    return {{room.data(), count}, {}, false};
  }
}

void Connection::hurry(std::chrono::milliseconds left) {
  curl_->ends_at = std::min(curl_->ends_at, Clock::now() + left);
}

bool Connection::offers(std::string_view extension) const {
  bool offered = false, in_group = false;
  std::string_view rest = curl_->greetings;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const bool is_ehlo = line.starts_with("250-") || line.starts_with("250 ");
    // An EHLO before STARTTLS doesn't count any more: anybody on the way could have answered it.
    if (is_ehlo && !in_group) offered = false;
    if (is_ehlo && line.size() > 4) {
      const auto word = line.substr(4, line.find_first_of(" \r\n", 4) - 4);
      offered = offered || directory::to_lower_ascii(word) == directory::to_lower_ascii(extension);
    }
    in_group = line.starts_with("250-");
  }
  return offered;
}

}  // namespace countersign::messages
