#include "tools/countersignd/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "adapters/queries/rfc3339.h"
#include "tools/countersign/text.h"

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

}  // namespace

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
                             {"message", cli::escaped(message)}};
    for (const auto& [name, value] : fields) line[name] = cli::escaped(value);
    spdlog::log(to, "{}", boost::json::serialize(line));
    return;
  }
  std::string line = cli::escaped(message);
  for (const auto& [name, value] : fields) {
    const auto text = cli::escaped(value);
    const bool quoted = text.empty() || text.find_first_of(" \"=") != std::string::npos;
    line.append(1, ' ').append(name).append(1, '=').append(quoted ? "\"" + text + "\"" : text);
  }
  spdlog::log(to, "{}", line);
}

}  // namespace countersign::server
