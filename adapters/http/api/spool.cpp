#include "adapters/http/api/spool.h"

#include "adapters/http/api/rendering.h"
#include "adapters/http/server/error.h"
#include "adapters/keys/random.h"
#include "adapters/keys/sealed_file.h"
#include "adapters/operations/row_reports.h"
#include "bus/errc.h"
#include "domain/record.h"

namespace countersign::http {

namespace json = boost::json;

operations::Operation new_operation(Exchange& exchange, operations::Kind kind, domain::UnixMs now) {
  const auto* caller = exchange.caller<Caller>();
  operations::Operation operation;
  operation.id = keys::random_id<domain::OperationId>(now);
  operation.account = caller->account;
  operation.kind = kind;
  operation.created_at = now;
  operation.actor = caller->actor;
  operation.role = caller->role;
  operation.correlation = correlation_of(exchange);
  return operation;
}

json::object render(const operations::Operation& operation) {
  json::array ignored;
  for (const auto& column : operation.ignored_columns) ignored.emplace_back(column);
  json::object out{{"id", operation.id.text()},
                   {"kind", text_of(operation.kind)},
                   {"status", text_of(operation.status)},
                   {"done", operation.done},
                   {"failed", operation.failed},
                   {"created_at", time_or_null(operation.created_at)},
                   {"finished_at", time_or_null(operation.finished_at)}};
  if (operation.total) out["total"] = *operation.total;
  const bool of_users = operation.kind == operations::Kind::import_users;
  if (of_users) out["dry_run"] = operation.dry_run;
  if (of_users || operation.kind == operations::Kind::import_hardware_tokens) {
    out["created"] = operation.created;
    out["updated"] = operation.updated;
    out["unchanged"] = operation.unchanged;
    out["ignored_columns"] = std::move(ignored);
  }
  if (operation.user) out["user_id"] = operation.user.text();
  out["detail"] = operation.failure.empty() ? json::value(nullptr) : json::value(operation.failure);
  return out;
}

Problem too_many_uploads() {
  return {.status = 503,
          .code = "overloaded",
          .detail = "As many uploads are under way as may be at once: nothing was changed.",
          .retry_after_s = 5};
}

commands::Answer operation_answer(const operations::Operation& operation) {
  auto answer = json_answer(202, json::object{{"operation_id", operation.id.text()}, {"status", "pending"}});
  answer.headers.emplace_back("Location", "/v1/operations/" + operation.id.text());
  return answer;
}

boost::asio::awaitable<boost::system::error_code> make_durable(Writes& writes, operations::Preparation& prepared) {
  const Writes::DiskWork store = [&prepared] { return prepared.store(); };
  return writes.on_disk(store);
}

namespace {

/// Gathered before they are written: a thread of its own for every few kB would cost more than writing them.
constexpr std::size_t bytes_a_write = 256 * 1024;
constexpr std::size_t rows_bytes_at_once = 128 * 1024;

/// The operation that a 202 names.
std::optional<domain::OperationId> operation_named_in(const Response& response) {
  if (response.status() != 202) return std::nullopt;
  return domain::OperationId::parse(json::parse(response.body()).at("operation_id").as_string());
}

/// A body on its way to disk. All of it but `add` waits for the disk.
class BodySpool {
 public:
  BodySpool(operations::Operations& operations, domain::OperationId id, keys::Key key)
      : operations_(operations), id_(id), key_(key) {}

  boost::system::error_code open(std::uint64_t announced_bytes) {
    if (!operations_.has_space(announced_bytes)) return bus::errc::no_space;
    auto made = keys::SealedFileWriter::create(operations_.spool_of(id_), key_);
    if (made.has_error()) return made.error();
    writer_.emplace(std::move(*made));
    return {};
  }
  /// Whether it is time to write.
  bool add(std::string_view piece) { return waiting_.append(piece).size() >= bytes_a_write; }
  boost::system::error_code write() {
    // Others write meanwhile, and a chunked body hasn't said how long it is.
    if (!operations_.has_space(waiting_.size())) return bus::errc::no_space;
    hash_.update(waiting_);
    const auto error = writer_->write(waiting_);
    waiting_.clear();
    return error;
  }
  boost::system::error_code finish() {
    if (const auto error = write()) return error;
    return writer_->finish();
  }
  std::string digest() { return std::string(bus::view(hash_.finish())); }

 private:
  operations::Operations& operations_;
  const domain::OperationId id_;
  const keys::Key key_;
  std::optional<keys::SealedFileWriter> writer_;
  std::string waiting_;
  bus::Sha256 hash_;
};

}  // namespace

boost::asio::awaitable<std::optional<Problem>> spool_body(Exchange& exchange, Writes& writes,
                                                          operations::Operations& operations, domain::OperationId id,
                                                          keys::Key key, std::string& digest,
                                                          const std::string& in_front) {
  BodySpool spool(operations, id, key);
  spool.add(in_front);
  const Writes::DiskWork open = [&, bytes = exchange.request().content_length.value_or(0)] {
    return spool.open(bytes);
  };
  const Writes::DiskWork write = [&] { return spool.write(); }, finish = [&] { return spool.finish(); };
  auto error = co_await writes.on_disk(open);
  while (!error) {
    const auto piece = co_await exchange.read_some();
    if (piece.has_error()) co_return problem_of(piece.error());
    if (piece->empty()) break;
    if (spool.add(*piece)) error = co_await writes.on_disk(write);
  }
  if (!error) error = co_await writes.on_disk(finish);
  if (error) co_return unstored(error);
  digest = spool.digest();
  co_return std::nullopt;
}

boost::asio::awaitable<Response> begin_operation(Exchange& exchange, Writes& writes, operations::Operations& operations,
                                                 const operations::Operation& operation,
                                                 std::optional<std::string> body) {
  // Durable before the event: after a crash in between, the answer that a retry gets names an operation that is there.
  operations::Preparation prepared(operations, operation);
  const auto error = co_await make_durable(writes, prepared);
  if (error) {
    operations.discard_spool(operation.id);
    co_return exchange.problem(unstored(error));
  }
  domain::RecordOperation started{operation.id, std::string(text_of(operation.kind))};
  WriteOptions<domain::RecordOperation> options;
  options.body = std::move(body);
  bool in_doubt = false;
  options.in_doubt = [&in_doubt] { in_doubt = true; };
  // Named: g++ 12 copies a closure that is a temporary of a co_await expression bit by bit.
  auto rendered = [operation](const domain::Done&, const domain::State&) { return operation_answer(operation); };
  auto response = co_await writes.run<domain::RecordOperation>(exchange, std::move(started), std::move(rendered),
                                                               std::move(options));
  // A retry is answered with the operation that the first request prepared, and perhaps could not begin.
  const auto named = operation_named_in(response);
  if (named) operations.begin(*named);
  if (!in_doubt && named != operation.id) prepared.withdraw();
  co_return response;
}

boost::asio::awaitable<Response> get_operation(Exchange& exchange, Reads& reads, operations::Operations& operations) {
  const auto id = domain::OperationId::parse(exchange.parameter());
  const auto account = exchange.caller<Caller>()->account;
  auto find = [&operations, id, account] { return id ? operations.find(account, *id) : std::nullopt; };
  const auto operation = co_await reads.on_pool(std::move(find));
  if (!operation) co_return exchange.problem(no_such("operation"));
  // After the look: whoever reads from there on, on whichever node, sees all that the operation says it has done.
  const auto rests_on = queries::text_of(reads.position(account));
  auto text = json::serialize(render(*operation));
  text.replace(text.size() - 1, 1, ",\"rows\":[");
  const auto rows = std::make_shared<operations::RowReportReader>(operations.rows_of(*id), operation->failed);
  bool begun = false;
  for (bool more = true; more;) {
    auto read = [rows, piece = std::move(text)]() mutable {
      const bool left = rows->read(piece, rows_bytes_at_once);
      return std::pair(left, std::move(piece));
    };
    auto next = co_await reads.on_pool(std::move(read));
    more = next.first;
    text = std::move(next.second);
    if (!more) text += "]}";
    if (!more && !begun) {
      auto whole = Response::json(200, std::move(text));
      whole.header("Countersign-Position", rests_on);
      co_return whole;
    }
    if (!begun) {
      Response head(200, "application/json", "");
      head.header("Countersign-Position", rests_on);
      if (co_await exchange.begin(std::move(head))) co_return Response();
      begun = true;
    }
    if (co_await exchange.write(text)) co_return Response();
    text.clear();
  }
  co_await exchange.end();
  co_return Response();
}

}  // namespace countersign::http
