// Requests as they come from the network, cut anywhere: what is parsed must not depend on where the cuts are.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "adapters/http/server/client_address.h"
#include "adapters/http/server/request_parser.h"

using namespace countersign::http;

namespace {

std::string parse(std::string_view bytes, std::size_t piece) {
  Limits limits;
  limits.max_header_bytes = 1024;
  limits.max_target_bytes = 256;
  ReadBuffer buffer(64, 64 * 1024);
  const auto put = [&](std::string_view part) {
    while (!part.empty()) {
      const auto space = buffer.prepare();
      if (space.size == 0) std::abort();
      const std::size_t count = std::min(space.size, part.size());
      std::memcpy(space.at, part.data(), count);
      buffer.commit(count);
      part.remove_prefix(count);
    }
  };
  Request request;
  RequestParser parser(request, limits);
  boost::system::error_code error;
  std::size_t at = 0;
  const auto more = [&] {
    if (at >= bytes.size()) return false;
    put(bytes.substr(at, piece));
    at += piece;
    return true;
  };
  while (parser.parse_header(buffer, error) == Progress::need_more) {
    if (!more()) return "incomplete";
  }
  if (error) return "refused";
  std::string seen = std::string(text_of(request.verb)) + " " + std::string(request.target);
  for (const HeaderField& field : request.headers) seen.append("|").append(field.name).append(":").append(field.value);
  request.query_parameters();
  static const TrustedProxies proxies({"10.0.0.0/8"});
  proxies.client_of(boost::asio::ip::make_address("10.0.0.1"), request);
  // From here on reading moves the buffer, as a connection does only with its second one.
  std::string body;
  for (;;) {
    const auto progress = parser.body().decode(buffer, error);
    if (error) return seen + "#refused";
    body.append(parser.body().piece());
    if (progress == Progress::done) return seen + "#" + body;
    if (parser.body().piece().empty() && !more()) return seen + "#incomplete";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (parse(bytes, 1u + data[0]) != parse(bytes, 1)) std::abort();
  return 0;
}
