#pragma once
// A blocking HTTP/1.1 client for one server.
//
// Operation: one connection, kept open between requests and opened again when the server has closed it. Answers go
// piece by piece to a sink, so that a download needs no memory. Errors: NoAnswer when the server can't be reached or
// falls silent; whether the request took effect is then unknown. Not thread-safe.

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tools/countersign/wire.h"

namespace countersign::cli {

struct HttpRequest {
  std::string verb = "GET";
  std::string target;
  std::map<std::string, std::string> headers;
  std::string body;
  std::filesystem::path body_file;    ///< instead of body
  std::chrono::seconds patience{60};  ///< without a byte
};

struct HttpAnswer {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< unless a sink took it
};

class HttpClient {
 public:
  /// `server`: http://host:port or https://host[:port]. `ca_file` empty: the system's. Throws std::invalid_argument.
  HttpClient(std::string_view server, const std::filesystem::path& ca_file);
  ~HttpClient();

  /// Gets pieces of a successful answer's body; returns false to leave.
  using Sink = std::function<bool(std::string_view piece)>;
  HttpAnswer send(const HttpRequest& request, const Sink& sink = {});

  /// Whether keys may be sent there: TLS, or this machine itself.
  bool is_private() const;

 private:
  struct Connection;
  Endpoint endpoint_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace countersign::cli
