#pragma once
// One TCP connection with blocking reads and writes, with or without TLS (1.2 at least; the server's certificate is
// checked against the given certificates and its name or address). Reading and writing give up after `patience` without
// a byte. Not thread-safe.

#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace countersign::cli {

/// The server can't be reached or has fallen silent; whether a request took effect is unknown.
class NoAnswer : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Endpoint {
  std::string host, port;
  bool tls = false;
  std::filesystem::path ca_file;  ///< empty: the system's certificates
};

class Wire {
 public:
  /// Throws NoAnswer.
  Wire(const Endpoint& endpoint, std::chrono::seconds patience);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void set_patience(std::chrono::seconds patience);
  /// At least one byte, or an error: the connection's end is boost::asio::error::eof.
  std::size_t read(void* bytes, std::size_t size, boost::system::error_code& error);
  std::size_t write(const void* bytes, std::size_t size, boost::system::error_code& error);

 private:
  void connect(const Endpoint& endpoint);
  void begin_tls(const Endpoint& endpoint);
  void close();

  int fd_ = -1;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* tls_ = nullptr;
};

}  // namespace countersign::cli
