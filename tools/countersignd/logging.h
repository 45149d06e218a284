#pragma once
// Structured logs to stderr: text for people, or one JSON object a line. What users sent is escaped; secrets, queries
// and headers never come here.
//
// Concurrency: any thread.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace countersign::server {

enum class LogLevel { debug, info, warning, error };

using LogField = std::pair<std::string_view, std::string>;

class Log {
 public:
  /// `format`: "text" or "json". Throws std::invalid_argument for a level that isn't one.
  Log(std::string_view format, std::string_view level);
  /// Whether a line of this level would be written: to be asked before making costly fields.
  bool writes(LogLevel level) const;
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

 private:
  bool json_;
};

}  // namespace countersign::server
