#pragma once
// Event discovery: the list, one event, and the resumable stream.

#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "adapters/queries/event_filter.h"
#include "adapters/queries/event_rendering.h"

namespace countersign::http {

class Events {
 public:
  Events(Reads& reads, Writes& writes, bus::Sequencer& sequencer)
      : reads_(reads), writes_(writes), sequencer_(sequencer) {}

  boost::asio::awaitable<Response> list(Exchange& exchange);
  boost::asio::awaitable<Response> get(Exchange& exchange);
  /// Server-sent events, or one JSON a line; from the beginning, from a cursor, or from now on (after=latest).
  boost::asio::awaitable<Response> stream(Exchange& exchange);

 private:
  struct Chunk;
  struct StreamRequest;
  Chunk next_chunk(domain::AccountId account, const StreamRequest& wanted);
  boost::asio::awaitable<void> wait_for_more(Exchange& exchange, bus::FrameNumber read);

  Reads& reads_;
  Writes& writes_;
  bus::Sequencer& sequencer_;
};

}  // namespace countersign::http
