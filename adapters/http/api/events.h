#pragma once
// Event discovery: the list, one event, counts by field and over time, and the resumable stream.

#include "adapters/http/api/event_question.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "adapters/queries/event_filter.h"
#include "adapters/queries/event_rendering.h"

namespace countersign::http {

class Events {
 public:
  /// A signed head of an account's log, where that may take its time; nothing when it can't be had now.
  using Checkpoint = std::function<std::optional<std::string>(domain::AccountId)>;
  Events(Reads& reads, Writes& writes, projections::EventIndex& index, queries::PartyNames& names,
         Checkpoint checkpoint = {})
      : reads_(reads), writes_(writes), index_(index), names_(names), checkpoint_(std::move(checkpoint)) {}

  boost::asio::awaitable<Response> list(Exchange& exchange);
  boost::asio::awaitable<Response> get(Exchange& exchange);
  /// How many events have each value of some fields, and how many there are: exact, over any filter.
  boost::asio::awaitable<Response> facets(Exchange& exchange);
  /// How many events there are in each of some equal intervals of time.
  boost::asio::awaitable<Response> histogram(Exchange& exchange);
  /// Server-sent events, or one JSON a line; from the beginning, from a cursor, or from now on (after=latest).
  boost::asio::awaitable<Response> stream(Exchange& exchange);

 private:
  /// Reads the question, waits until everything answered has landed, and answers with what `count` makes of the search.
  using Count = std::function<boost::json::object(const EventQuestion&, const queries::EventSearch&,
                                                  const projections::EventIndex::Reading&, queries::EventRenderer&)>;
  boost::asio::awaitable<Response> counted(Exchange& exchange, std::function<Count(const Query&)> make);
  struct Chunk;
  struct StreamRequest;
  Chunk next_chunk(domain::AccountId account, const StreamRequest& wanted);
  boost::asio::awaitable<std::string> checkpoint_text(domain::AccountId account, const StreamRequest& wanted);
  boost::asio::awaitable<void> wait_for_more(Exchange& exchange, bus::FrameNumber read);

  Reads& reads_;
  Writes& writes_;
  projections::EventIndex& index_;
  queries::PartyNames& names_;
  const Checkpoint checkpoint_;
};

}  // namespace countersign::http
