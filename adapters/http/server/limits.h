#pragma once
// What a client may take of the server: every number that bounds one connection or all of them.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace countersign::http {

struct Limits {
  std::size_t max_connections = 10'000;  ///< more are answered 503 and closed
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_target_bytes = 8 * 1024;
  std::size_t max_pipelined = 64;  ///< requests answered in one write
  std::chrono::milliseconds header_timeout{
      10'000};  ///< from a request's first byte (a connection's begin) to its header's end
  std::chrono::milliseconds idle_timeout{75'000};  ///< between two requests of a connection
  std::chrono::milliseconds body_idle_timeout{15'000};
  std::chrono::milliseconds body_timeout{60'000};   ///< an ordinary body as a whole
  std::uint64_t min_body_bytes_per_second = 256;    ///< a streamed body, on average after the first 30 s
  std::chrono::milliseconds write_timeout{30'000};  ///< without any progress
};

}  // namespace countersign::http
