#include "adapters/http/api/registration_codes.h"

#include "adapters/commands/draw.h"
#include "adapters/directory/csv_writer.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/rendering.h"
#include "adapters/http/api/spool.h"
#include "adapters/queries/correlation.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"
#include "domain/record.h"

namespace countersign::http {

using domain::Code;
using domain::CodeStatus;
using domain::User;

namespace {

constexpr std::size_t most_users = 500;
constexpr std::uint64_t most_codes = 900;  // a command makes 1,000 events at most

struct FoundCode {
  std::shared_ptr<const User> user;
  std::shared_ptr<const Code> ended;
  const Code* code = nullptr;
};

std::optional<FoundCode> find_code(const domain::State& state, domain::AccountId account, domain::CodeId id) {
  const auto located = state.locate_code(account, id);
  if (!located) return std::nullopt;
  FoundCode found{state.user(account, located->user), located->ended_code};
  if (!found.user) return std::nullopt;
  found.code = found.ended ? found.ended.get() : found.user->code(id);
  if (!found.code) return std::nullopt;
  return found;
}

bool is_admin(const Exchange& exchange) {
  return exchange.caller<Caller>()->role == domain::Role::admin;
}

}  // namespace

boost::asio::awaitable<Response> RegistrationCodes::generate(Exchange& exchange) {
  const auto account_id = exchange.caller<Caller>()->account;
  Body body(exchange);
  domain::GenerateCodes command;
  for (const auto& text : body->texts("user_ids", 1, most_users, {.most = 64})) {
    const auto id = domain::UserId::parse(text);
    if (!id)
      body->invalid("user_ids", "not the id of a user: " + text);
    else if (std::ranges::find(command.users, *id) != command.users.end())
      body->invalid("user_ids", "a user stands twice: " + text);
    else
      command.users.push_back(*id);
  }
  command.codes_per_user =
      static_cast<std::uint32_t>(body->optional_integer("codes_per_user", 1, domain::most_per_user).value_or(1));
  if (command.users.size() * command.codes_per_user > most_codes)
    body->invalid("codes_per_user", "at most 900 codes can be generated at once");
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto account = reads_.state().account(account_id);
  command.drawn = commands::draw_codes(reads_.lookup(), account->slot,
                                       command.users.size() * command.codes_per_user + 2, reads_.now());
  WriteOptions<domain::GenerateCodes> options;
  options.secret = true;
  options.hand_out = [](const domain::GeneratedCodes& result) {
    std::vector<commands::HandedOut> handed_out;
    for (const auto& item : result.items) handed_out.push_back({domain::party(item.id), item.user});
    return handed_out;
  };
  auto rendered = [](const domain::GeneratedCodes& result, const domain::State&) {
    boost::json::array items;
    for (const auto& item : result.items)
      items.push_back(boost::json::object{{"id", item.id.text()},
                                          {"user_id", item.user.text()},
                                          {"code", domain::show_code(item.text)},
                                          {"status", "open"},
                                          {"expires_at", queries::rfc3339(item.expires_at)}});
    return json_answer(201, boost::json::object{{"items", std::move(items)}});
  };
  co_return co_await writes_.run<domain::GenerateCodes>(exchange, std::move(command), std::move(rendered),
                                                        std::move(options));
}

boost::asio::awaitable<Response> RegistrationCodes::generate_for_new_users(Exchange& exchange) {
  Body body(exchange);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  const auto account = reads_.state().account(exchange.caller<Caller>()->account);
  if (account->provisioning.method != domain::fb::Method::registration_code)
    co_return exchange.problem(problem_of(
        {domain::RefusalCode::provisioning_method, "The account's users are provisioned by e-mail invitation."}));
  const auto operation = new_operation(exchange, operations::Kind::generate_for_new_users, reads_.now());
  std::optional<std::string> spooled;
  co_return co_await begin_operation(exchange, writes_, operations_, operation, std::move(spooled));
}

// --- look
// --------------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> RegistrationCodes::get(Exchange& exchange) {
  auto behind = co_await reads_.reach_min_position(exchange);
  if (behind) co_return exchange.problem(*behind);
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::CodeId::parse(exchange.parameter());
  const auto found = id ? find_code(reads_.state(), account, *id) : std::nullopt;
  if (!found) co_return exchange.problem(no_such("registration code"));
  const auto body = render_code(*found->code, *found->user, account, reads_.opener(), reads_.now(), is_admin(exchange));
  auto response = Response::json(200, boost::json::serialize(body));
  response.no_store();
  co_return response;
}

boost::asio::awaitable<Response> RegistrationCodes::list(Exchange& exchange) {
  const bool in_clear = is_admin(exchange);
  auto fill = [this, in_clear](Page& page, const Query& query, const Caller& caller) {
    constexpr std::string_view statuses[] = {"open", "reserved", "used", "revoked", "expired"};
    const auto status = query.text("status");
    if (status && std::ranges::find(statuses, *status) == std::end(statuses))
      throw bad_parameter("status", "open, reserved, used, revoked or expired is expected");
    const auto state = reads_.state();
    const auto now = reads_.now();
    const auto take = [&](domain::CodeId id) {
      const auto found = find_code(state, caller.account, id);
      if (!found || (status && text_of(effective_status(*found->code, now)) != *status)) return true;
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render_code(*found->code, *found->user, caller.account, reads_.opener(), now, in_clear));
      page.last_key = id.uuid.view();
      return true;
    };
    if (const auto user_id = query.text("user_id")) {
      const auto id = domain::UserId::parse(*user_id);
      const auto user = id ? state.user(caller.account, *id) : nullptr;
      if (!user) return;
      std::vector<domain::CodeId> ids = user->ended_codes;
      for (const auto& code : user->codes) ids.push_back(code.id);
      std::sort(ids.begin(), ids.end());
      for (const auto& code : ids)
        if (code.uuid.view() > query.after() && !take(code)) return;
      return;
    }
    const auto prefix = projections::table_prefix(projections::Table::codes, caller.account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from, [&](std::string_view key, std::string_view) {
      return take(domain::CodeId{domain::uuid_from(key.substr(prefix.size()))});
    });
  };
  return reads_.list(exchange, {"user_id", "status"}, std::move(fill));
}

boost::asio::awaitable<Response> RegistrationCodes::lookup(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  Body request(exchange);
  const auto typed = request->optional_text("code", {.most = 64});
  const auto reference = request->optional_text("reference", {.most = 64});
  if (!typed == !reference) request->invalid("code", "either code or reference is required");
  if (auto problem = request.finish()) co_return exchange.problem(*problem);
  const auto state = reads_.state();
  std::optional<domain::CodeId> id;
  domain::Reason attempted = domain::Reason::none;
  if (typed) {
    std::string hint;
    const auto code = domain::parse_code(*typed, &hint);
    if (!code) co_return exchange.problem({.status = 400, .code = "code-malformed", .detail = hint});
    const auto entry = state.find(commands::digest_of_code(reads_.lookup(), *code));
    if (entry && entry->account == account && entry->kind == domain::PartyKind::registration_code)
      id = domain::CodeId{entry->id};
  } else {
    // What a refused person reads out: the reference of the answer leads to the attempt's event.
    const auto correlation = queries::correlation_uuid(*reference);
    co_await reads_.landed();
    auto search = [this, account, correlation] {
      std::pair<domain::CodeId, domain::Reason> found;
      if (const auto counted = reads_.decider().recall(account, correlation))
        return std::pair(counted->code, counted->reason);
      std::size_t looked = 0;
      reads_.views().events_back(account, ~0ull, [&](std::string_view bytes, bus::FrameNumber) {
        const auto event = domain::EventView::parse(bytes);
        if (event && domain::EventView::to_uuid(event->clear().correlation()) == correlation &&
            (event->target().kind == domain::PartyKind::registration_code || event->reason() != domain::Reason::none)) {
          if (event->target().kind == domain::PartyKind::registration_code)
            found.first = domain::CodeId{event->target().id};
          found.second = event->reason();
          return false;
        }
        return ++looked < 200'000;
      });
      return found;
    };
    const auto found = co_await reads_.on_pool(std::move(search));
    attempted = found.second;
    if (found.first) id = found.first;
    if (!id && attempted != domain::Reason::none)
      co_return Response::json(200,
                               boost::json::serialize(boost::json::object{{"id", nullptr},
                                                                          {"user_id", nullptr},
                                                                          {"status", nullptr},
                                                                          {"reason", domain::reason_text(attempted)},
                                                                          {"expires_at", nullptr}}));
  }
  const auto found = id ? find_code(state, account, *id) : std::nullopt;
  if (!found) co_return exchange.problem(no_such("registration code"));
  const auto& code = *found->code;
  const auto status = effective_status(code, reads_.now());
  std::string_view reason;
  if (attempted != domain::Reason::none)
    reason = domain::reason_text(attempted);
  else if (status == CodeStatus::used)
    reason = domain::reason_text(domain::Reason::code_used);
  else if (status == CodeStatus::expired)
    reason = domain::reason_text(domain::Reason::code_expired);
  else if (status == CodeStatus::revoked)
    reason = domain::reason_text(code.reason);
  else if (found->user->disabled)
    reason = domain::reason_text(domain::Reason::user_disabled);
  else if (found->user->mfa_configured)
    reason = domain::reason_text(domain::Reason::mfa_configured);
  else if (status == CodeStatus::reserved)
    reason = domain::reason_text(domain::Reason::code_reserved);
  boost::json::object body{{"id", code.id.text()},
                           {"user_id", found->user->id.text()},
                           {"status", text_of(status)},
                           {"blocked", found->user->disabled && !code.ended()},
                           {"reason", reason.empty() ? boost::json::value(nullptr) : boost::json::value(reason)},
                           {"expires_at", time_or_null(code.expires_at)}};
  co_return Response::json(200, boost::json::serialize(body));
}

boost::asio::awaitable<Response> RegistrationCodes::revoke(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::CodeId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("registration code"));
  co_return co_await writes_.run<domain::RevokeCode>(
      exchange, {*id}, [this, account, id](const domain::CodeRevoked&, const domain::State& state) {
        const auto found = find_code(state, account, *id);
        if (!found) return empty_answer(204);
        return json_answer(200, render_code(*found->code, *found->user, account, reads_.opener(), reads_.now(), false));
      });
}

// --- download --------------------------------------------------------------------------------------------------------

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
  std::string next;  ///< where the walk over the users goes on
  bool ended = false;
};

std::optional<Problem> read_download(const Query& query, Download& download) {
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

void append_rows(std::string& out, const Download& download, const User& user, domain::AccountId account,
                 const queries::SealOpener& opener, domain::UnixMs now) {
  std::optional<domain::Personal> profile;
  for (const auto& code : user.codes) {
    if (effective_status(code, now) != CodeStatus::open || code.generated_at < download.since) continue;
    if (download.operation && code.operation != *download.operation) continue;
    if (!profile) profile = opener.of_user(account, user.id, user.profile);
    const auto text = opener.of_user(account, user.id, code.text);
    if (!profile || !text) continue;
    const auto shown = domain::show_code(text->code);
    std::vector<std::string> cells;
    for (const auto* column : download.chosen) cells.push_back(column->cell(user, *profile, code, shown));
    const std::vector<std::string_view> views(cells.begin(), cells.end());
    directory::append_csv_row(views, out);
  }
}

}  // namespace

boost::asio::awaitable<Response> RegistrationCodes::download(Exchange& exchange) {
  auto parsed = Query::parse(exchange, {"user_id", "operation_id", "generated_since", "columns"});
  if (const auto* problem = std::get_if<Problem>(&parsed)) co_return exchange.problem(*problem);
  auto download = std::make_shared<Download>();
  if (const auto problem = read_download(std::get<Query>(parsed), *download)) co_return exchange.problem(*problem);
  // Who downloads is on record, durably, before the first byte.
  auto recorded = co_await writes_.run<domain::RecordDownload>(
      exchange, {}, [](const domain::Done&, const domain::State&) { return empty_answer(200); });
  if (recorded.status() != 200) co_return recorded;
  co_await reads_.landed();

  Response head(200, "text/csv; charset=utf-8", "");
  head.no_store().header("Content-Disposition", "attachment; filename=\"registration-codes.csv\"");
  if (co_await exchange.begin(std::move(head))) co_return Response();
  std::string out(directory::csv_byte_order_mark);
  std::vector<std::string_view> headers;
  for (const auto* column : download->chosen) headers.push_back(column->header);
  directory::append_csv_row(headers, out);

  const auto account = exchange.caller<Caller>()->account;
  const auto prefix = projections::table_prefix(projections::Table::users, account);
  download->next = download->user ? projections::user_key(account, *download->user) : prefix;
  while (!download->ended) {
    auto work = [this, download, account, prefix, text = std::move(out)]() mutable {
      download->ended = true;
      reads_.views().scan(prefix, download->next, [&](std::string_view key, std::string_view row) {
        if (download->user && key != download->next) return false;
        append_rows(text, *download, projections::decode_user(row), account, reads_.opener(), reads_.now());
        if (download->user) return false;
        if (text.size() < 128 * 1024) return true;
        download->next.assign(key).push_back('\0');
        download->ended = false;
        return false;
      });
      return std::move(text);
    };
    auto text = co_await reads_.on_pool(std::move(work));
    if (co_await exchange.write(text)) co_return Response();
    out.clear();
  }
  co_await exchange.end();
  co_return Response();
}

}  // namespace countersign::http
