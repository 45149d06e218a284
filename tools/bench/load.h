#pragma once
// An HTTP/1.1 load generator: keep-alive connections of one thread, one request under way on each, requests prepared
// beforehand and taken in turn. The same for every server that is compared, and light, because it shares the machine.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::bench {

struct Load {
  std::uint16_t port = 0;
  std::size_t connections = 64;
  const std::vector<std::string>* requests = nullptr;
  double seconds = 0;  ///< ends after this time; 0: when every request has been sent once
  std::optional<int> cpu;
  std::function<void(std::string_view body)> on_body;  ///< sees every answer's body
  std::vector<double>* each_ms = nullptr;              ///< gets how long every answer took
};

struct Loaded {
  std::size_t answered = 0, failed = 0;  ///< failed: another status than 2xx
  double seconds = 0;
  std::string first_failure;  ///< the first such answer
  double rate() const { return static_cast<double>(answered) / seconds; }
};

/// Throws std::runtime_error when a connection breaks or no answer comes for 30 s.
Loaded run(const Load& load);

}  // namespace countersign::bench
