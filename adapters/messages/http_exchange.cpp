#include "adapters/messages/http_exchange.h"

#include "adapters/push/http_answer.h"

namespace countersign::messages {
namespace {

std::string text_of(const std::string& authority, const HttpRequest& request) {
  std::string text = request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + authority +
                     "\r\nUser-Agent: Countersign\r\nAccept: */*\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.fields) text.append(name).append(": ").append(value).append("\r\n");
  if (request.method != "GET")
    text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  return text.append("\r\n").append(request.body);
}

}  // namespace

std::variant<GatewayAnswer, Later, Unknown> exchange(Connection& connection, const std::string& authority,
                                                     const HttpRequest& request) {
  if (auto error = connection.write(text_of(authority, request)); !error.empty()) return Later{std::move(error), {}};
  push::HttpAnswer answer;
  while (!answer.whole()) {
    const auto got = connection.read_some();
    auto flaw = got.error;
    if (got.error.empty())
      flaw = answer.feed(got.bytes);
    else if (got.ended)
      answer.end();
    if (flaw.empty() || answer.whole()) continue;
    // Its status is the gateway's word, whatever else was to come.
    if (answer.has_status()) break;
    return Unknown{std::move(flaw)};
  }
  return GatewayAnswer{answer.status(), answer.retry_after(), answer.body()};
}

}  // namespace countersign::messages
