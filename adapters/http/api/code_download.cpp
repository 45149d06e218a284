// GET /v1/registration-codes.csv: open codes to hand out, streamed.

#include "adapters/directory/csv_writer.h"
#include "adapters/http/api/registration_codes.h"
#include "adapters/http/api/rendering.h"
#include "adapters/queries/rfc3339.h"
#include "domain/record.h"
#include "domain/secret_text.h"

namespace countersign::http {

using domain::Code;
using domain::CodeStatus;
using domain::User;

namespace {

struct Column {
  std::string_view name, header;
  std::string (*cell)(const User&, const domain::Personal&, const Code&, const std::string& code);
};

std::string attribute(const domain::Personal& profile, std::string_view name) {
  for (const auto& row : profile.attributes)
    if (row->name == name) return row->value;
  return "";
}

constexpr Column columns[] = {
    {"first_name", "First name", [](auto&, auto& p, auto&, auto&) { return p.first_name; }},
    {"last_name", "Last name", [](auto&, auto& p, auto&, auto&) { return p.last_name; }},
    {"email", "Email", [](auto&, auto& p, auto&, auto&) { return p.email; }},
    {"code", "Registration code", [](auto&, auto&, auto&, auto& code) { return code; }},
    {"login_name", "Login name", [](auto&, auto& p, auto&, auto&) { return p.login_name; }},
    {"department", "Department", [](auto&, auto& p, auto&, auto&) { return attribute(p, "department"); }},
    {"mobile", "Mobile", [](auto&, auto& p, auto&, auto&) { return attribute(p, "mobile"); }},
    {"user_id", "User id", [](auto& u, auto&, auto&, auto&) { return u.id.text(); }},
    {"code_id", "Code id", [](auto&, auto&, auto& c, auto&) { return c.id.text(); }},
    {"generated_at", "Generated at", [](auto&, auto&, auto& c, auto&) { return queries::rfc3339(c.generated_at); }},
    {"expires_at", "Expires at", [](auto&, auto&, auto& c, auto&) { return queries::rfc3339(c.expires_at); }},
};

struct Download {
  std::vector<const Column*> chosen;
  std::optional<domain::OperationId> operation;
  domain::UnixMs since = 0;
  std::optional<domain::UserId> user;
  std::string asked;  ///< the query, for the event
  std::string next;   ///< where the walk over the users goes on
  bool ended = false;

  /// Users from `next` on, until `take` wants no more for now.
  void walk(const projections::Views& views, std::string_view prefix, const std::function<bool(const User&)>& take) {
    ended = true;
    views.scan(prefix, next, [&](std::string_view key, std::string_view row) {
      if (user && key != next) return false;
      if (take(projections::decode_user(row))) return !user;
      if (user) return false;
      next.assign(key).push_back('\0');
      ended = false;
      return false;
    });
  }
};

/// What is gathered before it is sent: while it is counted for the event, then of the rest.
constexpr std::size_t first_bytes = 1 << 20, piece_bytes = 128 * 1024;

std::optional<Problem> read_download(const Query& query, Download& download) {
  for (const auto name : {"user_id", "operation_id", "generated_since", "columns"})
    if (const auto value = query.text(name))
      download.asked.append(download.asked.empty() ? "" : "&").append(name).append("=").append(*value);
  for (std::size_t i = 0; i < 4; ++i) download.chosen.push_back(&columns[i]);
  if (const auto more = query.text("columns")) {
    std::string_view rest = *more;
    while (!rest.empty()) {
      const auto name = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
      const auto* column = std::ranges::find(columns, name, &Column::name);
      if (column == std::end(columns)) return bad_parameter("columns", "there is no column of this name");
      if (std::ranges::find(download.chosen, column) == download.chosen.end()) download.chosen.push_back(column);
    }
  }
  if (const auto since = query.text("generated_since")) {
    const auto time = queries::parse_rfc3339(*since);
    if (!time) return bad_parameter("generated_since", "a time such as 2026-11-23T03:00:00Z is expected");
    download.since = *time;
  }
  if (const auto text = query.text("operation_id")) {
    download.operation = domain::OperationId::parse(*text);
    if (!download.operation) return bad_parameter("operation_id", "not the id of an operation");
  }
  if (const auto text = query.text("user_id")) {
    download.user = domain::UserId::parse(*text);
    if (!download.user) return bad_parameter("user_id", "not the id of a user");
  }
  return std::nullopt;
}

bool selects(const Download& download, const Code& code, domain::UnixMs now) {
  return effective_status(code, now) == CodeStatus::open && code.generated_at >= download.since &&
         (!download.operation || code.operation == *download.operation);
}

/// How many there were.
std::uint64_t append_rows(std::string& out, const Download& download, const User& user, domain::AccountId account,
                          const queries::SealOpener& opener, domain::UnixMs now) {
  std::optional<domain::Personal> profile;
  std::uint64_t rows = 0;
  for (const auto& code : user.codes) {
    if (!selects(download, code, now)) continue;
    if (!profile) profile = opener.of_user(account, user.id, user.profile);
    const auto text = opener.of_user(account, user.id, code.text);
    if (!profile || !text) continue;
    const auto shown = domain::show_code(text->code);
    std::vector<std::string> cells;
    for (const auto* column : download.chosen) cells.push_back(column->cell(user, *profile, code, shown));
    const std::vector<std::string_view> views(cells.begin(), cells.end());
    directory::append_csv_row(views, out);
    ++rows;
  }
  return rows;
}

}  // namespace

boost::asio::awaitable<Response> RegistrationCodes::download(Exchange& exchange) {
  auto parsed = reads_.query(exchange);
  if (const auto* problem = std::get_if<Problem>(&parsed)) co_return exchange.problem(*problem);
  auto download = std::make_shared<Download>();
  if (const auto problem = read_download(std::get<Query>(parsed), *download)) co_return exchange.problem(*problem);
  const auto account = exchange.caller<Caller>()->account;
  const auto prefix = projections::table_prefix(projections::Table::users, account);
  download->next = download->user ? projections::user_key(account, *download->user) : prefix;
  co_await reads_.landed(account);
  std::string out(directory::csv_byte_order_mark);
  std::vector<std::string_view> headers;
  for (const auto* column : download->chosen) headers.push_back(column->header);
  directory::append_csv_row(headers, out);
  const auto append = [this, download, account, prefix](std::string& text, std::size_t most) {
    std::uint64_t rows = 0;
    download->walk(reads_.views(), prefix, [&](const User& user) {
      rows += append_rows(text, *download, user, account, reads_.opener(), reads_.now());
      return text.size() < most;
    });
    return rows;
  };
  // A download that fits is read once. Of the rest codes are only counted now, and read when their turn comes.
  auto begin = [this, download, prefix, append, text = std::move(out)]() mutable {
    auto rows = append(text, first_bytes);
    if (!download->ended) {
      auto rest = *download;
      rest.walk(reads_.views(), prefix, [&](const User& user) {
        for (const auto& code : user.codes) rows += selects(rest, code, reads_.now());
        return true;
      });
    }
    return std::pair(rows, std::move(text));
  };
  // Who downloads what is on record, durably, before the first byte.
  auto [rows, first] = co_await reads_.on_pool(std::move(begin));
  domain::RecordDownload record{rows, download->asked};
  auto recorded = co_await writes_.run<domain::RecordDownload>(
      exchange, std::move(record), [](const domain::Done&, const domain::State&) { return empty_answer(200); });
  if (recorded.status() != 200) co_return recorded;

  Response head(200, "text/csv; charset=utf-8", "");
  head.no_store().header("Content-Disposition", "attachment; filename=\"registration-codes.csv\"");
  head.header("Countersign-Position", queries::text_of(reads_.position(account)));
  if (co_await exchange.begin(std::move(head))) co_return Response();
  if (co_await exchange.write(first)) co_return Response();
  while (!download->ended) {
    auto work = [append] {
      std::string text;
      append(text, piece_bytes);
      return text;
    };
    const auto text = co_await reads_.on_pool(std::move(work));
    if (co_await exchange.write(text)) co_return Response();
  }
  co_await exchange.end();
  co_return Response();
}

}  // namespace countersign::http
