#include "adapters/http/api/event_question.h"

#include "adapters/directory/text_checks.h"
#include "adapters/queries/rfc3339.h"
#include "adapters/queries/source_address.h"

namespace countersign::http {
namespace {

constexpr auto longest_search = std::chrono::seconds(5);

std::optional<domain::UnixMs> read_time(const Query& query, std::string_view name) {
  const auto text = query.text(name);
  if (!text) return std::nullopt;
  const auto time = queries::parse_rfc3339(*text);
  if (!time) throw bad_parameter(name, "a time such as 2026-11-23T03:00:00Z is expected");
  return time;
}

std::string read_words(const Query& query) {
  const auto words = query.text("q").value_or("");
  if (words.size() > 200) throw bad_parameter("q", "at most 200 bytes are expected");
  return std::string(words);
}

queries::AddressDigest digest_by(const keys::Lookup& lookup) {
  return [&lookup](std::string_view typed) { return queries::source_digest(lookup, typed); };
}

}  // namespace

queries::EventFilter read_event_filter(std::string_view text, const keys::Lookup& lookup) {
  auto parsed = queries::EventFilter::parse(text, digest_by(lookup));
  if (const auto* error = std::get_if<queries::FilterError>(&parsed))
    throw Problem{.status = 400,
                  .code = "invalid-filter",
                  .detail = "The filter is not valid at character " + std::to_string(error->position + 1) + ": " +
                            error->detail + "."};
  return std::get<queries::EventFilter>(std::move(parsed));
}

queries::EventFilter filter_of(std::string_view text, const keys::Lookup& lookup) {
  try {
    return read_event_filter(text, lookup);
  } catch (const Problem& problem) {
    throw std::invalid_argument(problem.detail);
  }
}

EventQuestion EventQuestion::read(const Query& query, const Caller& caller, const keys::Lookup& lookup) {
  if (const auto named = query.text("account"); named && *named != account_text(caller.account))
    throw no_such("account");
  EventQuestion question{.filter = read_event_filter(query.text("filter").value_or(""), lookup),
                         .words = read_words(query),
                         .digest_of = digest_by(lookup)};
  if (const auto since = read_time(query, "since")) question.range.since = *since;
  if (const auto until = read_time(query, "until")) question.range.until = *until;
  return question;
}

queries::EventSearch EventQuestion::search(const projections::EventIndex::Reading& reading,
                                           const projections::Views& views, domain::AccountId account,
                                           queries::PartyNames& names, queries::EventRenderer& renderer) const {
  auto wanted = filter;
  if (!words.empty())
    wanted = filter.with_text(words, names.find(account, reading, renderer, directory::fold_case(words)), digest_of);
  return {reading, views, account, std::move(wanted), range, queries::EventSearch::Clock::now() + longest_search};
}

projections::EventIndex::Reading read_index(projections::EventIndex& index, domain::AccountId account) {
  auto reading = index.read(account, queries::EventSearch::Clock::now() + longest_search);
  if (reading) return std::move(*reading);
  throw Problem{.status = 503,
                .code = "index-catching-up",
                .detail = "The event index is still being built: /v1/projections says how far it is.",
                .retry_after_s = 5};
}

Problem search_too_costly() {
  return {.status = 422,
          .code = "query-too-costly",
          .detail = "This search would have to look at too many events: narrow it by since and until, or by a filter."};
}

}  // namespace countersign::http
