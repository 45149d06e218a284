#pragma once
// What every handler that only looks does alike: the state as of a position the client has seen, lists from a
// consistent snapshot on a pool of their own (a scan must not hold up the connections' threads), pages with cursors
// that are bound to their filter.

#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/commands/partitions.h"
#include "adapters/commands/published.h"
#include "adapters/http/api/answers.h"
#include "adapters/http/api/caller.h"
#include "adapters/http/api/worker_pool.h"
#include "adapters/queries/position_text.h"
#include "adapters/queries/seal_opener.h"

namespace countersign::http {

/// A route's query: the parameters that its row names, each once. One that isn't known is an error.
///
/// Cursors hold the key where a page ended behind a keyed digest of account, path, all other parameters in any order
/// but `limit`, and the key: a cursor that we didn't make, or made for somebody or something else, is none.
class Query {
 public:
  static std::variant<Query, Problem> parse(const Exchange& exchange, const keys::Lookup& lookup);
  std::optional<std::string_view> text(std::string_view name) const;
  /// "limit": 1 to 1000, 100 when it isn't given.
  std::size_t limit() const { return limit_; }
  /// "after": the key where the former page ended; empty at the beginning.
  const std::string& after() const { return after_; }
  std::string cursor(std::string_view key) const;
  /// The same query with another cursor, for the Link header.
  std::string next_target(const Exchange& exchange, std::string_view cursor) const;

 private:
  std::vector<Request::Parameter> parameters_;
  std::string tag(std::string_view key) const;

  const keys::Lookup* lookup_ = nullptr;
  domain::AccountId account_;
  std::size_t limit_ = 100;
  std::string after_;
  std::string bound_;  ///< what a cursor is bound to
};

/// The parameter `user_id`. Throws the Problem when it can't be one.
std::optional<domain::UserId> user_wanted(const Query& query);

/// A parameter that the route's row doesn't name, or that can't be read.
std::optional<Problem> unknown_parameter(const Exchange& exchange);

/// A page being filled: items until the limit, then one more look whether there is anything beyond.
struct Page {
  boost::json::array items;
  std::string last_key;
  bool has_more = false;
  std::uint64_t frame = 0;
};

class Reads {
 public:
  Reads(const commands::Published& state, projections::Views& views, const commands::Partitions& partitions,
        queries::SealOpener& opener, const keys::Lookup& lookup, std::function<domain::UnixMs()> clock,
        std::size_t threads = 2);
  ~Reads();
  /// Ends the pool; what has not begun is dropped. The last thing before the connections' threads go.
  void stop();

  projections::ViewState state() const { return state_.reader(); }
  /// See Published::find.
  template <class Look>
  auto find(Look look) const {
    return state_.find(std::move(look));
  }
  projections::Views& views() const { return views_; }
  queries::SealOpener& opener() const { return opener_; }
  const keys::Lookup& lookup() const { return lookup_; }
  const commands::Partitions& partitions() const { return partitions_; }
  const bus::LogIdentity& log(domain::AccountId account) const { return partitions_.of(account).identity(); }
  domain::UnixMs now() const { return clock_(); }
  /// The newest position that an answer about the account may rest on: to be asked after the look. Who reads as of it
  /// next, wherever, sees nothing older.
  queries::Position position(domain::AccountId account) const {
    const auto& partition = partitions_.of(account);
    return {partition.identity(), partition.judged_frame()};
  }

  std::variant<Query, Problem> query(const Exchange& exchange) const { return Query::parse(exchange, lookup_); }

  /// Answers as of Countersign-Min-Position, or says that it is not reached. For every route that reads. `answer` must
  /// outlive the exchange.
  boost::asio::awaitable<Response> at_position(Exchange& exchange, const AnswerLater& answer);
  /// `answer`, with its position(). `answer` must outlive the exchange.
  Response with_position(Exchange& exchange, const AnswerNow& answer);
  boost::asio::awaitable<Response> with_position(Exchange& exchange, const AnswerLater& answer);
  /// Whether the position in Countersign-Min-Position is one of this log and has been reached; waits up to 5 s.
  boost::asio::awaitable<std::optional<Problem>> reach_min_position(Exchange& exchange);
  /// Until everything answered so far, in the account's partition, stands in the views; of a system account, which sees
  /// all others, in all partitions.
  boost::asio::awaitable<void> landed(domain::AccountId account);

  /// Runs `work` on the pool and resumes on the connection's thread. What it throws is rethrown.
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work>> on_pool(Work work) {
    return pool_.run(std::move(work));
  }

  /// A list: `fill(page, query, account)` runs on the pool over what has landed.
  using Fill = std::function<void(Page& page, const Query& query, const Caller& caller)>;
  boost::asio::awaitable<Response> list(Exchange& exchange, Fill fill);

 private:
  boost::asio::awaitable<void> landed(bus::Partition& partition);
  const commands::Published& state_;
  projections::Views& views_;
  const commands::Partitions& partitions_;
  queries::SealOpener& opener_;
  const keys::Lookup& lookup_;
  std::function<domain::UnixMs()> clock_;
  WorkerPool pool_;
};

}  // namespace countersign::http
