#include "tools/countersign/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>

namespace countersign::cli {
namespace {

using boost::system::error_code;
constexpr int connect_timeout_ms = 10'000;

error_code last_error() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return boost::asio::error::timed_out;
  return {errno, boost::system::system_category()};
}

std::string where(const Endpoint& endpoint) {
  return endpoint.host + ":" + endpoint.port;
}

/// 0, or why this address can't be connected to.
int connect_to(int fd, const addrinfo& address) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd waiting{fd, POLLOUT, 0};
  if (::poll(&waiting, 1, connect_timeout_ms) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

std::string tls_failure(ssl_st* tls) {
  if (const auto verified = tls ? SSL_get_verify_result(tls) : X509_V_OK; verified != X509_V_OK)
    return X509_verify_cert_error_string(verified);
  const auto code = ERR_peek_last_error();
  const char* text = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return text ? text : "the connection broke off";
}

}  // namespace

Wire::Wire(const Endpoint& endpoint, std::chrono::seconds patience) {
  try {
    connect(endpoint);
    set_patience(patience);
    if (endpoint.tls) begin_tls(endpoint);
  } catch (...) {
    close();
    throw;
  }
}

Wire::~Wire() {
  close();
}

void Wire::close() {
  if (tls_) SSL_free(tls_);
  if (context_) SSL_CTX_free(context_);
  if (fd_ >= 0) ::close(fd_);
  tls_ = nullptr;
  context_ = nullptr;
  fd_ = -1;
}

void Wire::connect(const Endpoint& endpoint) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (const int error = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found); error != 0)
    throw NoAnswer("Can't find " + where(endpoint) + ": " + ::gai_strerror(error) + ".");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int error = ENOENT;
  for (const auto* address = found; address && error != 0; address = address->ai_next) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    error = fd_ < 0 ? errno : connect_to(fd_, *address);
  }
  if (error != 0) throw NoAnswer("Can't reach " + where(endpoint) + ": " + std::strerror(error) + ".");
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_NONBLOCK);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void Wire::begin_tls(const Endpoint& endpoint) {
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  const bool trusts = endpoint.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context_) == 1
                          : SSL_CTX_load_verify_locations(context_, endpoint.ca_file.c_str(), nullptr) == 1;
  if (!trusts) throw NoAnswer(endpoint.ca_file.string() + ": no certificates can be read.");
  tls_ = SSL_new(context_);
  if (is_address(endpoint.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), endpoint.host.c_str());
  } else {
    SSL_set_hostflags(tls_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(tls_, endpoint.host.c_str());
    SSL_set_tlsext_host_name(tls_, endpoint.host.c_str());
  }
  SSL_set_fd(tls_, fd_);
  ERR_clear_error();
  if (SSL_connect(tls_) != 1)
    throw NoAnswer("Can't agree on TLS with " + where(endpoint) + ": " + tls_failure(tls_) + ".");
}

void Wire::set_patience(std::chrono::seconds patience) {
  const timeval time{patience.count(), 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

std::size_t Wire::read(void* bytes, std::size_t size, error_code& error) {
  error = {};
  if (tls_) {
    std::size_t got = 0;
    ERR_clear_error();
    errno = 0;
    if (SSL_read_ex(tls_, bytes, size, &got) == 1) return got;
    error = errno != 0 ? last_error() : error_code(boost::asio::error::eof);
    return 0;
  }
  const auto got = ::recv(fd_, bytes, size, 0);
  if (got < 0) error = last_error();
  if (got == 0) error = boost::asio::error::eof;
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::size_t Wire::write(const void* bytes, std::size_t size, error_code& error) {
  error = {};
  if (tls_) {
    std::size_t put = 0;
    ERR_clear_error();
    errno = 0;
    if (SSL_write_ex(tls_, bytes, size, &put) == 1) return put;
    error = errno != 0 ? last_error() : error_code(boost::asio::error::broken_pipe);
    return 0;
  }
  const auto put = ::send(fd_, bytes, size, MSG_NOSIGNAL);
  if (put < 0) error = last_error();
  return put > 0 ? static_cast<std::size_t>(put) : 0;
}

}  // namespace countersign::cli
