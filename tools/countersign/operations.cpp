// operations: long work that outlives its request.

#include <unistd.h>

#include <iostream>
#include <thread>

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

std::uint64_t number(const boost::json::object& operation, const char* name) {
  const auto* value = operation.if_contains(name);
  if (!value || !value->is_number()) return 0;
  return value->to_number<std::uint64_t>();
}

/// "[#####.....]  50 %  1000 of 2000", drawn over itself.
std::string progress_bar(const boost::json::object& operation) {
  constexpr std::size_t length = 30;
  const auto total = number(operation, "total"), over = number(operation, "done") + number(operation, "failed");
  if (total == 0) return "\r[" + std::string(length, '.') + "] " + cell(operation, "status") + "\x1b[K";
  const auto part = std::min(over, total) * length / total;
  return "\r[" + std::string(part, '#') + std::string(length - part, '.') + "] " +
         std::to_string(std::min(over, total) * 100 / total) + " %  " + std::to_string(over) + " of " +
         std::to_string(total) + "\x1b[K";
}

void show_ended(Session& session, boost::json::object operation) {
  if (session.options.json) {
    session.show(operation);
  } else {
    boost::json::array rows;
    if (const auto* all = operation.if_contains("rows"); all && all->is_array()) rows = all->get_array();
    operation.erase("rows");
    session.show(operation);
    if (!rows.empty())
      session.show(rows, {{"LINE", "line"}, {"USER", "user_id"}, {"CODE", "code"}, {"DETAIL", "detail"}});
  }
  if (cell(operation, "status") == "failed" || number(operation, "failed") > 0) session.finish_with(1);
}

}  // namespace

void wait_for_operation(Session& session, const std::string& operation_id) {
  const bool draw = ::isatty(STDERR_FILENO) != 0;
  for (auto pause = std::chrono::milliseconds(50);; pause = std::min(pause * 2, std::chrono::milliseconds(1000))) {
    auto operation = session.api().get("/v1/operations/" + operation_id);
    const auto status = cell(operation, "status");
    const bool ended = status == "done" || status == "failed";
    if (draw) std::cerr << (ended ? std::string("\r\x1b[K") : progress_bar(operation)) << std::flush;
    if (ended) return show_ended(session, std::move(operation));
    std::this_thread::sleep_for(pause);
  }
}

void add_operations(CLI::App& app, Session& session) {
  auto* operations = app.add_subcommand("operations", "Show long work, or wait for it");
  operations->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  auto* show = operations->add_subcommand("show", "How far is it?");
  show->add_option("operation", *id, "op_...")->required();
  show->callback([&session, id] { session.show(session.api().get("/v1/operations/" + *id)); });
  auto* wait = operations->add_subcommand("wait", "Wait until it has ended; exit status 1 when something in it failed");
  wait->add_option("operation", *id, "op_...")->required();
  wait->callback([&session, id] { wait_for_operation(session, *id); });
}

}  // namespace countersign::cli
