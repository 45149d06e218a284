#include "tools/bench/report.h"

#include <rocksdb/version.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

namespace countersign::bench {
namespace {

namespace json = boost::json;

std::string number(double value) {
  char text[32];
  const char* format = value != 0 && value < 10 ? "%.3f" : value < 1000 ? "%.1f" : "%.0f";
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string number(const std::optional<double>& value) {
  return value ? number(*value) : "-";
}

void pad(std::string& line, std::string_view cell, std::size_t width) {
  line.append(cell).append(cell.size() < width ? width - cell.size() : 1, ' ');
}

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string commit() {
  const std::unique_ptr<FILE, int (*)(FILE*)> out(popen("git describe --always --dirty 2>/dev/null", "r"), pclose);
  char text[128] = {};
  if (!out || !std::fgets(text, sizeof text, out.get())) return "unknown";
  std::string line(text);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

json::value optional(const std::optional<double>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

}  // namespace

std::string machine_text() {
  utsname system{};
  uname(&system);
  const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)),
             page = static_cast<std::uint64_t>(getpagesize());
  return cpu_model() + ", " + std::to_string(std::thread::hardware_concurrency()) + " CPUs, " +
         std::to_string((pages * page) >> 20) + " MiB, " + system.sysname + " " + system.release + ", g++ " +
         std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + ", RocksDB " +
         std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) + "." + std::to_string(ROCKSDB_PATCH);
}

std::string table_of(const Report& report) {
  constexpr std::size_t widths[] = {26, 11, 9, 9, 12, 12, 14};
  constexpr std::string_view heads[] = {"name", "value", "goal", "stretch", "ours", "ceiling", "unit of both"};
  std::string out;
  for (std::size_t i = 0; i < std::size(heads); ++i) pad(out, heads[i], widths[i]);
  out += "reached\n";
  for (const auto& r : report.results) {
    pad(out, r.name, widths[0]);
    pad(out, number(r.value) + (r.unit == "ratio" ? "" : " " + r.unit), widths[1]);
    pad(out, number(r.goal), widths[2]);
    pad(out, number(r.stretch), widths[3]);
    pad(out, r.sides ? number(r.sides->ours) : "-", widths[4]);
    pad(out, r.sides ? number(r.sides->ceiling) : "-", widths[5]);
    pad(out, r.sides ? r.sides->unit : "-", widths[6]);
    out += !r.goal ? "-\n" : r.reached() ? "yes\n" : "no\n";
  }
  for (const auto& s : report.skipped) out += s.name + " skipped: " + s.why + '\n';
  for (const auto& f : report.failed) out += f.name + " failed: " + f.why + '\n';
  return out;
}

void write_json(const Report& report, const std::filesystem::path& file) {
  json::array results, skipped, failed;
  for (const auto& r : report.results) {
    json::object row{{"name", r.name},
                     {"value", r.value},
                     {"unit", r.unit},
                     {"goal", optional(r.goal)},
                     {"stretch", optional(r.stretch)},
                     {"higher_is_better", r.higher_is_better}};
    row["sides"] = r.sides
                       ? json::value{{"ours", r.sides->ours}, {"ceiling", r.sides->ceiling}, {"unit", r.sides->unit}}
                       : json::value(nullptr);
    results.push_back(std::move(row));
  }
  for (const auto& s : report.skipped) skipped.push_back({{"name", s.name}, {"why", s.why}});
  for (const auto& f : report.failed) failed.push_back({{"name", f.name}, {"why", f.why}});
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file);
  out << json::serialize(json::object{{"machine", machine_text()},
                                      {"commit", commit()},
                                      {"results", std::move(results)},
                                      {"skipped", std::move(skipped)},
                                      {"failed", std::move(failed)}})
      << '\n';
  out.flush();
  if (!out) throw std::runtime_error(file.string() + " can't be written");
}

}  // namespace countersign::bench
