// operations: long work that outlives its request.

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <iostream>
#include <thread>

#include "tools/countersign/operation_reader.h"
#include "tools/countersign/session.h"
#include "tools/countersign/text.h"

namespace countersign::cli {
namespace {

namespace json = boost::json;

std::uint64_t number(const json::object& operation, const char* name) {
  const auto* value = operation.if_contains(name);
  if (!value || !value->is_number()) return 0;
  return value->to_number<std::uint64_t>();
}

/// "[#####.....]  50 %  1000 of 2000", drawn over itself.
std::string progress_bar(const json::object& operation) {
  constexpr std::size_t length = 30;
  const auto total = number(operation, "total"), over = number(operation, "done") + number(operation, "failed");
  if (total == 0) return "\r[" + std::string(length, '.') + "] " + cell(operation, "status") + "\x1b[K";
  const auto part = std::min(over, total) * length / total;
  return "\r[" + std::string(part, '#') + std::string(length - part, '.') + "] " +
         std::to_string(std::min(over, total) * 100 / total) + " %  " + std::to_string(over) + " of " +
         std::to_string(total) + "\x1b[K";
}

/// Shows an operation and its rows as they come; the rows in tables of so many.
class Printer {
 public:
  explicit Printer(Session& session) : session_(session) {}

  void begin(const json::object& operation) {
    begun_ = true;
    if (!session_.options.json) return session_.show(operation);
    auto text = escaped_json(json::serialize(operation));
    text.pop_back();
    std::cout << text << ",\"rows\":[";
  }
  void row(const json::object& row) {
    if (!session_.options.json) {
      rows_.push_back(row);
      if (rows_.size() == rows_a_table) show_rows();
      return;
    }
    std::cout << (first_ ? "" : ",") << escaped_json(json::serialize(row));
    first_ = false;
  }
  void end() {
    if (!begun_) return;
    if (session_.options.json)
      std::cout << "]}\n";
    else if (!rows_.empty())
      show_rows();
  }

 private:
  static constexpr std::size_t rows_a_table = 1000;
  void show_rows() {
    session_.show(rows_, {{"LINE", "line"}, {"USER", "user_id"}, {"CODE", "code"}, {"DETAIL", "detail"}}, first_);
    rows_.clear();
    first_ = false;
  }
  Session& session_;
  json::array rows_;
  bool begun_ = false, first_ = true;
};

/// Asks for an operation, and shows it if it is `wanted`; the rows of others are left unread.
json::object look_at(Session& session, const std::string& id, const std::function<bool(const json::object&)>& wanted) {
  Printer printer(session);
  const auto begin = [&](const json::object& operation) {
    const bool show = wanted(operation);
    if (show) printer.begin(operation);
    return show;
  };
  OperationReader reader(begin, [&](const json::object& row) { printer.row(row); });
  session.api().stream("/v1/operations/" + id, {}, "application/json",
                       [&](std::string_view piece) { return reader.feed(piece); });
  reader.finish();
  printer.end();
  return reader.operation();
}

bool has_ended(const json::object& operation) {
  const auto status = cell(operation, "status");
  return status == "done" || status == "failed";
}

}  // namespace

void wait_for_operation(Session& session, const std::string& operation_id) {
  const bool draw = ::isatty(STDERR_FILENO) != 0;
  const auto ended = [&](const json::object& operation) {
    if (draw) std::cerr << (has_ended(operation) ? std::string("\r\x1b[K") : progress_bar(operation)) << std::flush;
    return has_ended(operation);
  };
  for (auto pause = std::chrono::milliseconds(50);; pause = std::min(pause * 2, std::chrono::milliseconds(1000))) {
    const auto operation = look_at(session, operation_id, ended);
    if (!has_ended(operation)) {
      std::this_thread::sleep_for(pause);
      continue;
    }
    if (cell(operation, "status") == "failed" || number(operation, "failed") > 0) session.finish_with(1);
    return;
  }
}

void add_operations(CLI::App& app, Session& session) {
  auto* operations = app.add_subcommand("operations", "Show long work, or wait for it");
  operations->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  auto* show = operations->add_subcommand("show", "How far is it?");
  show->add_option("operation", *id, "op_...")->required();
  show->callback([&session, id] { look_at(session, *id, [](const json::object&) { return true; }); });
  auto* wait = operations->add_subcommand("wait", "Wait until it has ended; exit status 1 when something in it failed");
  wait->add_option("operation", *id, "op_...")->required();
  wait->callback([&session, id] { wait_for_operation(session, *id); });
}

}  // namespace countersign::cli
