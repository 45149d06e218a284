#pragma once
// One HTTP/1.1 request and its answer, on a connection of its own. Redirects aren't followed.

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/messages/connection.h"
#include "adapters/messages/transport.h"

namespace countersign::messages {

struct HttpRequest {
  std::string method;
  std::string target;  ///< path and query; may hold secrets
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

struct GatewayAnswer {
  unsigned status = 0;
  std::optional<std::chrono::seconds> retry_after;
  std::string body;  ///< as much as came
};

/// An answer, if its status has come; Later, if the other side can't have got the whole request; else Unknown.
std::variant<GatewayAnswer, Later, Unknown> exchange(Connection& connection, const std::string& authority,
                                                     const HttpRequest& request);

}  // namespace countersign::messages
