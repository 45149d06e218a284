#include "tools/countersignd/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "adapters/queries/rfc3339.h"

namespace countersign::server {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

constexpr std::string_view names[] = {"debug", "info", "warning", "error"};

bool is_bidi(std::string_view rest) {
  // U+200E/F, U+202A..E, U+2066..9 in UTF-8
  if (rest.size() < 3 || static_cast<unsigned char>(rest[0]) != 0xe2) return false;
  const auto b = static_cast<unsigned char>(rest[1]), c = static_cast<unsigned char>(rest[2]);
  return (b == 0x80 && ((c >= 0x8e && c <= 0x8f) || (c >= 0xaa && c <= 0xae))) || (b == 0x81 && c >= 0xa6 && c <= 0xa9);
}

}  // namespace

std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool bidi = is_bidi(text.substr(i));
    if (c < 0x20 || c == 0x7f || bidi) {
      for (std::size_t n = bidi ? 3 : 1; n > 0; --n, ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
      }
      --i;
    } else {
      out += text[i];
    }
  }
  return out;
}

Log::Log(std::string_view format, std::string_view level) : json_(format == "json") {
  const auto* name = std::find(std::begin(names), std::end(names), level);
  if (name == std::end(names)) throw std::invalid_argument("log.level: debug, info, warning or error is expected");
  auto logger = std::make_shared<spdlog::logger>("countersignd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(json_ ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %l %v");
  logger->set_level(spdlog_level(static_cast<LogLevel>(name - std::begin(names))));
  spdlog::set_default_logger(std::move(logger));
}

bool Log::writes(LogLevel level) const {
  return spdlog::should_log(spdlog_level(level));
}

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const auto to = spdlog_level(level);
  if (!spdlog::should_log(to)) return;
  if (json_) {
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    boost::json::object line{{"time", queries::rfc3339(now.count())},
                             {"level", names[static_cast<std::size_t>(level)]},
                             {"message", escaped(message)}};
    for (const auto& [name, value] : fields) line[name] = escaped(value);
    spdlog::log(to, "{}", boost::json::serialize(line));
    return;
  }
  std::string line = escaped(message);
  for (const auto& [name, value] : fields) {
    const auto text = escaped(value);
    const bool quoted = text.empty() || text.find_first_of(" \"=") != std::string::npos;
    line.append(1, ' ').append(name).append(1, '=').append(quoted ? "\"" + text + "\"" : text);
  }
  spdlog::log(to, "{}", line);
}

}  // namespace countersign::server
