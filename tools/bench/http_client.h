#pragma once
// A blocking HTTP client for setting things up: one connection, one request at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace countersign::bench {

struct Reply {
  unsigned status = 0;
  std::string body;
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port);
  ~HttpClient();

  Reply get(std::string_view target, std::string_view key);
  Reply post(std::string_view target, std::string_view key, std::string body,
             std::string_view type = "application/json");
  /// Gives the body piece by piece as it comes.
  unsigned stream(std::string_view target, std::string_view key, const std::function<void(std::string_view)>& piece);

 private:
  struct Wire;
  std::unique_ptr<Wire> wire_;
};

}  // namespace countersign::bench
