#pragma once
// The office (tests/adapters/operations/office.h) behind the routes that begin operations, asked by its administrator
// over a socket.

#include <boost/json.hpp>

#include "adapters/http/api/events.h"
#include "adapters/http/api/spool.h"
#include "adapters/http/api/users.h"
#include "tests/adapters/http_server/test_server.h"
#include "tests/adapters/operations/office.h"

namespace countersign::http::test {

class ServedOffice {
 public:
  explicit ServedOffice(unsigned threads = 2, const DiskLimits& disk = {})
      : writes(office.submitter, office.published, office.lookup, office.partitions, disk),
        server(routes(), options(threads)) {}
  ~ServedOffice() {
    server.server().stop(std::chrono::seconds(1));
    reads.stop();
    writes.stop();
  }

  Answer erase(domain::UserId id) { return ask("DELETE", "/v1/users/" + id.text()); }
  Answer import(std::string_view body, std::string_view type = "text/csv", std::string_view key = {}) {
    const auto header = key.empty() ? "" : "Idempotency-Key: " + std::string(key) + "\r\n";
    return server.ask(post("/v1/users/import", body, type, header));
  }
  Answer ask(const std::string& verb, const std::string& target) {
    return server.ask(verb + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  /// The answer once the log takes records again, which it needs a moment for after a doubt.
  template <class Request>
  Answer taken(Request request) {
    std::optional<Answer> answer;
    EXPECT_TRUE(office.soon([&] { return (answer = request())->code() != "unavailable"; }));
    return *answer;
  }
  static domain::OperationId operation_in(const Answer& answer) {
    EXPECT_EQ(answer.status, 202u) << answer.body;
    const auto body = boost::json::parse(answer.body).as_object();
    return domain::OperationId::parse(body.at("operation_id").as_string()).value();
  }

  operations::test::Office office;
  Reads reads{office.published, office.views,  office.partitions,
              office.opener,    office.lookup, &operations::test::Office::now};
  Writes writes;
  Users users{reads, writes, *office.keys, *office.operations};
  projections::SegmentStore segments{office.scratch / "index"};
  projections::EventIndex index{office.views, segments};
  queries::PartyNames names;
  Events events{reads, writes, index, names};
  TestServer server;

 private:
  std::vector<Route> routes() {
    std::vector<Route> rows;
    rows.push_back(row_later(Verb::post, "/v1/users", "create_user", [this](Exchange& e) { return users.create(e); }));
    rows.push_back(row(Verb::get, "/v1/users/{id}", "get_user", [this](Exchange& e) { return users.get(e); }));
    rows.push_back(
        row_later(Verb::delete_, "/v1/users/{id}", "erase_user", [this](Exchange& e) { return users.erase(e); }));
    rows.push_back(row_later(Verb::get, "/v1/events", "list_events", [this](Exchange& e) { return events.list(e); }));
    rows.back().query = {"sort", "limit"};
    rows.push_back(
        row_later(Verb::get, "/v1/events/stream", "stream_events", [this](Exchange& e) { return events.stream(e); }));
    rows.back().streams_answer = true;
    rows.push_back(
        row_later(Verb::post, "/v1/users/import", "import_users", [this](Exchange& e) { return users.import(e); }));
    rows.back().streams_request = true;
    rows.back().accepts = {"text/csv", "application/x-ndjson"};
    rows.back().query = {"dry_run"};
    return rows;
  }
  ServerOptions options(unsigned threads) {
    ServerOptions options;
    options.threads = threads;
    options.hooks.admit = [this](Exchange& exchange) -> std::optional<Response> {
      exchange.set_caller(
          std::make_shared<Caller>(Caller{office.account, domain::party(office.admin_key), domain::Role::admin}));
      return std::nullopt;
    };
    return options;
  }
};

}  // namespace countersign::http::test
