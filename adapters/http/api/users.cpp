#include "adapters/http/api/users.h"

#include "adapters/commands/draw.h"
#include "adapters/directory/address.h"
#include "adapters/directory/directory_reader.h"
#include "adapters/directory/person_limits.h"
#include "adapters/directory/text_checks.h"
#include "adapters/http/api/fields.h"
#include "adapters/http/api/rendering.h"
#include "adapters/http/api/spool.h"
#include "adapters/http/server/error.h"
#include "adapters/keys/random.h"

namespace countersign::http {
namespace {

void read_email(Fields& fields, std::string_view typed, domain::Personal& personal) {
  const auto address = directory::normalise_address(typed);
  if (address.ok)
    personal.email = address.text;
  else
    fields.invalid("email", std::string(directory::text_of(address.error)));
}

/// Attributes that are named are set, or removed by null; the others stay.
void merge_attributes(Fields& fields, domain::Personal& personal) {
  const auto named = free_texts(fields, "attributes", directory::max_attributes, directory::max_attribute_characters);
  if (!named) return;
  std::map<std::string, std::string> merged;
  for (auto& row : personal.attributes) merged[row->name] = std::move(row->value);
  for (const auto& [name, value] : *named) {
    if (value)
      merged[name] = *value;
    else
      merged.erase(name);
  }
  if (merged.size() > directory::max_attributes)
    fields.invalid("attributes", "a user has at most " + std::to_string(directory::max_attributes) + " attributes");
  personal.attributes.clear();
  for (auto& [name, value] : merged) {
    auto row = std::make_unique<domain::fb::AttributeT>();
    row->name = name;
    row->value = std::move(value);
    personal.attributes.push_back(std::move(row));
  }
}

/// Takes what the body says into `personal`; what it leaves out stays.
void read_profile(Fields& fields, domain::Personal& personal, std::optional<bool>& mfa) {
  if (auto name = nullable_text(fields, "first_name", directory::max_name_characters))
    personal.first_name = std::move(*name);
  if (auto name = nullable_text(fields, "last_name", directory::max_name_characters))
    personal.last_name = std::move(*name);
  if (auto name = nullable_text(fields, "login_name", directory::max_login_name_characters))
    personal.login_name = directory::to_lower_ascii(*name);
  merge_attributes(fields, personal);
  mfa = fields.optional_boolean("mfa_configured");
}

void require_name(Fields& fields, const domain::Personal& personal) {
  if (personal.first_name.empty() && personal.last_name.empty())
    fields.invalid("last_name", "a first or a last name is required");
}

domain::Personal profile_only(domain::Personal personal) {
  personal.ip.clear();
  personal.user_agent.clear();
  return personal;
}

}  // namespace

commands::Answer Users::answer(std::uint16_t status, domain::AccountId account, domain::UserId id,
                               const domain::State& state) const {
  const auto user = state.user(account, id);
  if (!user) return empty_answer(204);
  auto made = json_answer(status, render(*user, account, reads_.opener(), reads_.now()));
  made.headers.emplace_back("ETag", etag_of(user->version));
  return made;
}

boost::asio::awaitable<Response> Users::create(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  Body body(exchange);
  domain::Personal personal;
  std::optional<bool> mfa;
  read_profile(body.fields(), personal, mfa);
  if (const auto email = body->text("email", {.most = 320}); body->has("email"))
    read_email(body.fields(), email, personal);
  require_name(body.fields(), personal);
  if (auto problem = body.finish()) co_return exchange.problem(*problem);
  domain::CreateUser command{keys::random_id<domain::UserId>(reads_.now()), {}};
  command.profile = commands::make_profile(reads_.lookup(), account, std::move(personal), mfa.value_or(false));
  const domain::UserId id = command.id;
  const Writes::DiskWork keep_key = [this, account, id] {
    return keys_.create_subject_keys(account, std::span(&id, 1));
  };
  const auto error = co_await writes_.on_disk(keep_key);
  if (error) co_return exchange.problem(unstored(error));
  co_return co_await writes_.run<domain::CreateUser>(
      exchange, std::move(command), [this, account](const domain::UserWritten& result, const domain::State& state) {
        return answer(201, account, result.id, state);
      });
}

Response Users::get(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::UserId::parse(exchange.parameter());
  const auto user = id ? reads_.state().user(account, *id) : nullptr;
  if (!user) return exchange.problem(no_such("user"));
  ShortLived memory;
  const auto body = render(*user, account, reads_.opener(), reads_.now(), memory.storage());
  auto response = Response::json(200, boost::json::serialize(body));
  response.header("ETag", etag_of(user->version));
  return response;
}

boost::asio::awaitable<Response> Users::update(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::UserId::parse(exchange.parameter());
  for (int tries = 0;; ++tries) {
    const auto user = id ? reads_.state().user(account, *id) : nullptr;
    if (!user) co_return exchange.problem(no_such("user"));
    const auto expected = expected_version(exchange, user->version);
    if (!expected) co_return exchange.problem(version_mismatch());
    Body body(exchange);
    auto personal =
        profile_only(reads_.opener().of_user(account, user->id, user->profile).value_or(domain::Personal{}));
    std::optional<bool> mfa;
    read_profile(body.fields(), personal, mfa);
    if (const auto email = body->optional_text("email", {.most = 320})) read_email(body.fields(), *email, personal);
    require_name(body.fields(), personal);
    if (auto problem = body.finish()) co_return exchange.problem(*problem);
    domain::UpdateUser command{*id, {}, *expected};
    command.profile =
        commands::make_profile(reads_.lookup(), account, std::move(personal), mfa.value_or(user->mfa_configured));
    auto response = co_await writes_.run<domain::UpdateUser>(
        exchange, std::move(command), [this, account](const domain::UserWritten& result, const domain::State& state) {
          return answer(200, account, result.id, state);
        });
    if (response.status() == 412 && tries < most_merges) continue;
    co_return response;
  }
}

boost::asio::awaitable<Response> Users::set_disabled(Exchange& exchange, bool disabled) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::UserId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("user"));
  co_return co_await writes_.run<domain::SetUserDisabled>(
      exchange, {*id, disabled}, [this, account](const domain::UserWritten& result, const domain::State& state) {
        return answer(200, account, result.id, state);
      });
}

// --- list ------------------------------------------------------------------------------------------------------------

namespace {

struct UserFilter {
  std::optional<domain::Digest> email;
  std::optional<bool> disabled, mfa;
  std::string q;
  bool keeps(const domain::User& user, domain::UnixMs now) const {
    return (!disabled || user.disabled == *disabled) && (!mfa || user.has_mfa(now) == *mfa);
  }
  bool finds(const domain::Personal& profile) const {
    if (q.empty()) return true;
    return directory::fold_case(profile.first_name + ' ' + profile.last_name + ' ' + profile.email + ' ' +
                                profile.login_name)
               .find(q) != std::string::npos;
  }
};

UserFilter read_filter(const Query& query, const keys::Lookup& lookup, domain::AccountId account) {
  UserFilter filter;
  if (const auto email = query.text("email")) {
    const auto address = directory::normalise_address(*email);
    if (!address.ok) throw bad_parameter("email", directory::text_of(address.error));
    filter.email = commands::digest_of_email(lookup, account, address.text);
  }
  if (const auto status = query.text("status")) {
    if (*status != "active" && *status != "disabled") throw bad_parameter("status", "active or disabled is expected");
    filter.disabled = *status == "disabled";
  }
  if (const auto mfa = query.text("mfa")) {
    if (*mfa != "true" && *mfa != "false") throw bad_parameter("mfa", "true or false is expected");
    filter.mfa = *mfa == "true";
  }
  if (const auto q = query.text("q")) {
    if (q->size() > 200) throw bad_parameter("q", "at most 200 bytes are expected");
    filter.q = directory::fold_case(*q);
  }
  return filter;
}

}  // namespace

boost::asio::awaitable<Response> Users::list(Exchange& exchange) {
  auto fill = [this](Page& page, const Query& query, const Caller& caller) {
    const auto account = caller.account;
    const auto filter = read_filter(query, reads_.lookup(), account);
    const auto now = reads_.now();
    const auto take = [&](const domain::User& user) {
      if (!filter.keeps(user, now)) return true;
      const auto profile = reads_.opener().of_user(account, user.id, user.profile).value_or(domain::Personal{});
      if (!filter.finds(profile)) return true;
      if (page.items.size() == query.limit()) {
        page.has_more = true;
        return false;
      }
      page.items.push_back(render(user, profile, reads_.now()));
      page.last_key = user.id.uuid.view();
      return true;
    };
    if (filter.email) {
      const auto user = reads_.find([&](const auto& state) -> std::shared_ptr<const domain::User> {
        const auto entry = state.find(*filter.email);
        const auto holder =
            entry && entry->kind == domain::PartyKind::user ? state.user(account, entry->user) : nullptr;
        return holder && holder->email == *filter.email ? holder : nullptr;  // else it has just gone to somebody else
      });
      if (user && user->id.uuid.view() > query.after()) take(*user);
      return;
    }
    const auto prefix = projections::table_prefix(projections::Table::users, account);
    auto from = prefix + query.after();
    if (!query.after().empty()) from += '\0';
    reads_.views().scan(prefix, from,
                        [&](std::string_view, std::string_view row) { return take(projections::decode_user(row)); });
  };
  return reads_.list(exchange, std::move(fill));
}

// --- operations ------------------------------------------------------------------------------------------------------

boost::asio::awaitable<Response> Users::import(Exchange& exchange) {
  auto parsed = reads_.query(exchange);
  if (const auto* problem = std::get_if<Problem>(&parsed)) co_return exchange.problem(*problem);
  const auto dry_run = std::get<Query>(parsed).text("dry_run").value_or("false");
  if (dry_run != "true" && dry_run != "false")
    co_return exchange.problem(bad_parameter("dry_run", "true or false is expected"));
  auto operation = new_operation(exchange, operations::Kind::import_users, reads_.now());
  operation.dry_run = dry_run == "true";
  operation.content_type = exchange.request().header("Content-Type");
  // Without a body nobody has looked at it before.
  if (!directory::make_reader_for(operation.content_type))
    co_return exchange.problem(unsupported_media_type(exchange.route().accepts));
  const auto key = keys_.account_key(operation.account);
  if (!key) co_return exchange.problem(internal_error());
  std::string digest;
  const std::string in_front;
  const UploadPlace place(uploads_);
  if (!place) co_return exchange.problem(too_many_uploads());
  SpoolGuard spool(operations_, operation.id);
  auto problem = co_await spool_body(exchange, writes_, operations_, operation.id, *key, digest, in_front);
  if (problem) co_return exchange.problem(*problem);
  spool.keep();
  co_return co_await begin_operation(exchange, writes_, operations_, operation, std::move(digest));
}

boost::asio::awaitable<Response> Users::erase(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  const auto id = domain::UserId::parse(exchange.parameter());
  if (!id) co_return exchange.problem(no_such("user"));
  if (!reads_.state().user(account, *id)) co_return erased_already(exchange, *id);
  auto operation = new_operation(exchange, operations::Kind::erase_user, reads_.now());
  operation.user = *id;
  // Durable before the event: whatever happens in between, the key is destroyed after it.
  operations::Preparation prepared(operations_, operation);
  const auto error = co_await make_durable(writes_, prepared);
  if (error) co_return exchange.problem(unstored(error));
  WriteOptions<domain::EraseUser> options;
  bool in_doubt = false, gone = false;
  options.in_doubt = [&in_doubt] { in_doubt = true; };
  options.refused = [&gone](const domain::Refusal& why) { gone = why.code == domain::RefusalCode::not_found; };
  auto rendered = [operation](const domain::UserWritten&, const domain::State&) { return operation_answer(operation); };
  auto response = co_await writes_.run<domain::EraseUser>(exchange, {*id}, std::move(rendered), std::move(options));
  if (response.status() == 202)
    prepared.begin();
  else if (!in_doubt)
    prepared.withdraw();
  co_return gone ? erased_already(exchange, *id) : std::move(response);
}

Response Users::erased_already(Exchange& exchange, domain::UserId id) {
  const auto account = exchange.caller<Caller>()->account;
  const auto unfinished = operations_.erasure_of(account, id);
  if (!unfinished) return exchange.problem(no_such("user"));
  operations_.begin(unfinished->id);
  const auto answer = operation_answer(*unfinished);
  auto response = Response::json(answer.status, answer.body);
  response.header("Countersign-Position", queries::text_of(reads_.position(account)));
  for (const auto& [name, value] : answer.headers) response.header(name, value);
  return response;
}

}  // namespace countersign::http
