#include "adapters/http/api/status.h"

#include "adapters/http/api/fields.h"
#include "adapters/http/api/rendering.h"
#include "adapters/http/api/siem_destination_rendering.h"

namespace countersign::http {

namespace json = boost::json;

Response Status::health(Exchange&) {
  return Response::json(200, R"({"status":"alive"})");
}

Response Status::ready(Exchange& exchange) {
  const auto why = ports_.not_ready();
  if (why.empty()) return Response::json(200, R"({"status":"ready"})");
  return exchange.problem({.status = 503, .code = "not-ready", .detail = why, .retry_after_s = 1});
}

Response Status::metrics(Exchange&) {
  return {200, "text/plain; version=0.0.4; charset=utf-8", ports_.metrics()};
}

Response Status::openapi(Exchange&) {
  return {200, "application/yaml", ports_.openapi};
}

std::uint64_t Status::unlanded_events() const {
  std::uint64_t events = 0;
  const auto state = reads_.state();
  const std::string accounts(1, static_cast<char>(projections::Table::accounts));
  reads_.views().scan(accounts, accounts, [&](std::string_view, std::string_view row) {
    const auto landed = projections::decode_account(row);
    const auto newest = state.account(landed.id);
    if (newest && newest->last_sequence > landed.last_sequence) events += newest->last_sequence - landed.last_sequence;
    return true;
  });
  return events;
}

/// The trees of accounts whose log has been asked for. They are behind by what came since the last look, and brought up
/// to date before a checkpoint is answered.
json::object Status::merkle_projection(const bus::LogIdentity& log) {
  const auto status = notary_.status();
  const char* state = status.behind > 0 ? "catching-up" : "current";
  if (!status.contradiction.empty()) state = "contradicts-signature";
  const auto& error = status.contradiction.empty() ? status.last_error : status.contradiction;
  const auto behind_ms = reads_.now() - reads_.views().newest_time();
  const auto reached = projections::frame_of(status.reached, log.partition);
  return {{"name", "merkle"},
          {"version", projections::tile_store_version},
          {"status", state},
          {"position", queries::text_of({log, reached})},
          {"frame", value(reached)},
          {"lag_events", status.behind},
          {"lag_seconds", status.behind > 0 ? static_cast<double>(std::max<std::int64_t>(0, behind_ms)) / 1000 : 0.0},
          {"last_error", error.empty() ? json::value(nullptr) : json::value(error)},
          {"parked_events", 0}};
}

boost::asio::awaitable<Response> Status::projections(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto& partition = reads_.partitions().of(account);
  const auto& log = partition.identity();
  const auto status = partition.status().sequencer;
  const bool behind = status.landed_frame < status.durable_frame;
  auto count = [this] { return unlanded_events(); };
  std::uint64_t events = 0;
  if (behind) events = co_await reads_.on_pool(std::move(count));
  const auto lag_ms = behind ? std::max<std::int64_t>(0, reads_.now() - value(status.last_time)) : 0;
  json::array items;
  items.push_back(json::object{{"name", "views"},
                               {"version", projections::view_version},
                               {"status", behind ? "catching-up" : "current"},
                               {"position", queries::text_of({log, status.landed_frame})},
                               {"frame", value(status.landed_frame)},
                               {"lag_events", events},
                               {"lag_seconds", static_cast<double>(lag_ms) / 1000},
                               {"last_error", nullptr},
                               {"parked_events", 0}});
  const auto index = index_.status();
  const auto indexed = projections::frame_of(index.followed, log.partition);
  items.push_back(
      json::object{{"name", "event_index"},
                   {"version", projections::event_index_version},
                   {"status", index.behind > 0 ? "catching-up" : "current"},
                   {"position", queries::text_of({log, indexed})},
                   {"frame", value(indexed)},
                   {"lag_events", index.behind},
                   {"lag_seconds", static_cast<double>(index.behind_ms) / 1000},
                   {"last_error", index.last_error.empty() ? json::value(nullptr) : json::value(index.last_error)},
                   {"parked_events", index.parked}});
  auto merkle = [this, log] { return merkle_projection(log); };
  items.push_back(co_await reads_.on_pool(std::move(merkle)));
  auto ask = [this, account] { return exporter_.statuses(account); };
  const auto destinations = co_await reads_.on_pool(std::move(ask));
  for (const auto& destination : destinations) items.push_back(projection_of(destination, log));
  co_return Response::json(200,
                           json::serialize(json::object{{"items", std::move(items)},
                                                        {"log_position", queries::text_of({log, status.durable_frame})},
                                                        {"term", value(status.term)}}));
}

boost::asio::awaitable<Response> Status::backup(Exchange& exchange) {
  Body body(exchange);
  const auto directory = body->text("directory", {.most = 4096});
  if (!directory.empty() && directory.front() != '/') body->invalid("directory", "an absolute path is expected");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  // Before: the copy holds it, and perhaps what comes meanwhile.
  const auto& partition = reads_.partitions().of(exchange.caller<Caller>()->account);
  const queries::Position position{partition.identity(), partition.durable_frame()};
  auto work = [this, directory] { return ports_.backup(directory); };
  auto failure = co_await reads_.on_pool(std::move(work));
  if (!failure.empty()) co_return exchange.problem({.status = 409, .code = "backup-failed", .detail = failure});
  co_return Response::json(
      201, json::serialize(json::object{{"directory", directory}, {"position", queries::text_of(position)}}));
}

}  // namespace countersign::http
