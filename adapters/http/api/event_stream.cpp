// GET /v1/events/stream: every event of the account in order, resumable by cursor, then the new ones as they come.

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "adapters/http/api/events.h"
#include "adapters/keys/rfc4648.h"
#include "adapters/queries/stored_event.h"
#include "adapters/siem/checkpoint_pace.h"
#include "adapters/siem/notice.h"
#include "bus/hash.h"
#include "domain/event_catalogue.h"
#include "domain/record.h"

namespace countersign::http {

struct Events::Chunk {
  std::string text;
  std::uint64_t last = 0;    ///< the last sequence looked at
  std::uint64_t events = 0;  ///< written
};

namespace {

constexpr std::size_t chunk_bytes = 128 * 1024, chunk_events = 20'000;
constexpr auto heartbeat = std::chrono::seconds(15);

constexpr std::string_view event_stream = "text/event-stream", ndjson = "application/x-ndjson", plain = "text/plain";

constexpr std::size_t bound_bytes = 8;

/// What a stream's cursors begin with, so that none is taken for another account's or filter's.
std::string bound_to(domain::AccountId account, std::string_view filter) {
  const auto digest = bus::sha256(std::string(account.uuid.view()).append(filter));
  return std::string(bus::view(digest).substr(0, bound_bytes));
}

std::string stream_cursor(const std::string& bound, std::uint64_t sequence) {
  auto bytes = bound;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(sequence >> shift);
  return keys::base64url(bytes);
}

std::optional<std::uint64_t> parse_stream_cursor(const std::string& bound, std::string_view text) {
  const auto bytes = text.size() <= 64 ? keys::parse_base64url(text) : std::nullopt;
  if (!bytes || bytes->size() != bound_bytes + 8 || !bytes->starts_with(bound)) return std::nullopt;
  std::uint64_t sequence = 0;
  for (std::size_t i = bound_bytes; i < bytes->size(); ++i)
    sequence = sequence << 8 | static_cast<std::uint8_t>((*bytes)[i]);
  return sequence;
}

/// Asked before every chunk: a revoked key reads no further, however much there is.
bool may_read_on(const Reads& reads, const Caller& caller) {
  const auto state = reads.state();
  const auto account = state.account(caller.account);
  if (!account || account->suspended) return false;
  if (caller.actor.kind != domain::PartyKind::api_key) return true;
  const auto key = state.api_key(caller.account, domain::ApiKeyId{caller.actor.id});
  return key && key->live(reads.now());
}

/// Server-sent events unless lines are asked for: of JSON, or of text for the formats that are text. Nothing when the
/// format can't be had that way.
std::optional<std::string> media_type_for(std::string_view accept, siem::ExportFormat format) {
  const auto accepts = [accept](std::string_view type) { return accept.find(type) != std::string_view::npos; };
  if (siem::is_json(format)) return std::string(accepts(ndjson) ? ndjson : event_stream);
  if (accepts(plain)) return std::string(plain).append("; charset=utf-8");
  if (accepts(ndjson) && !accepts(event_stream)) return std::nullopt;
  return std::string(event_stream);
}

}  // namespace

struct Events::StreamRequest {
  queries::EventFilter filter;
  std::string bound;  ///< what its cursors begin with
  std::uint64_t after = 0;
  siem::ExportFormat format = siem::ExportFormat::native;
  std::string media_type{event_stream};
  bool checkpoints = false;
  bool sse() const { return media_type == event_stream; }
};

Events::Chunk Events::next_chunk(domain::AccountId account, const StreamRequest& wanted) {
  Chunk chunk{.last = wanted.after};
  const auto state = reads_.state();
  queries::EventRenderer renderer(state, reads_.opener(), reads_.log(account));
  std::size_t looked_at = 0;
  reads_.views().events_from(account, wanted.after + 1, [&](std::string_view bytes, bus::FrameNumber frame) {
    // What comes before an event that can't be read is given first.
    if (chunk.last > wanted.after && !domain::EventView::parse(bytes)) return false;
    const auto event = queries::stored_event(bytes, frame);
    chunk.last = event.sequence();
    if (wanted.filter.matches(event)) {
      ++chunk.events;
      const auto rendered = renderer.describe(event, frame);
      const auto cursor = stream_cursor(wanted.bound, chunk.last);
      if (wanted.sse()) {
        chunk.text.append("id: ").append(cursor).append("\nevent: ").append(domain::name_of(event.type()).name);
        chunk.text.append("\ndata: ").append(siem::line_of(wanted.format, rendered)).append("\n\n");
      } else {
        chunk.text.append(siem::line_of(wanted.format, rendered, cursor)).append(1, '\n');
      }
    }
    return chunk.text.size() < chunk_bytes && ++looked_at < chunk_events;
  });
  return chunk;
}

/// It has no cursor: whoever resumes does so behind the last event. Empty when it can't be had now.
boost::asio::awaitable<std::string> Events::checkpoint_text(domain::AccountId account, const StreamRequest& wanted) {
  if (!checkpoint_) co_return "";
  auto work = [this, account] { return checkpoint_(account); };
  auto note = co_await reads_.on_pool(std::move(work));
  if (!note) co_return "";
  if (wanted.sse())
    co_return "event: checkpoint\ndata: " + boost::json::serialize(boost::json::object{{"checkpoint", *note}}) + "\n\n";
  co_return siem::line_of(wanted.format, siem::checkpoint_notice(account, std::move(*note), reads_.now())) + "\n";
}

/// Returns when a frame behind `read` has landed, the client has gone, or a heartbeat is due.
boost::asio::awaitable<void> Events::wait_for_more(Exchange& exchange, bus::FrameNumber read) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto timer = std::make_shared<boost::asio::steady_timer>(executor, heartbeat);
  std::weak_ptr<boost::asio::steady_timer> weak = timer;
  const auto wake = [weak, executor](auto&&...) {
    boost::asio::post(executor, [weak] {
      if (const auto waiting = weak.lock()) waiting->cancel();
    });
  };
  exchange.on_interruption([weak] {
    if (const auto waiting = weak.lock()) waiting->cancel();
  });
  reads_.partitions().of(exchange.caller<Caller>()->account).when_landed(bus::next(read), wake);
  boost::system::error_code ignored;
  if (exchange.interruption() == Interruption::none)
    co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  exchange.on_interruption({});
}

boost::asio::awaitable<Response> Events::stream(Exchange& exchange) {
  StreamRequest wanted;
  const auto account = exchange.caller<Caller>()->account;
  // `after` is a cursor of the stream here, not of a list: it is read by itself.
  std::string after(exchange.request().header("Last-Event-ID"));
  auto parameters = exchange.request().query_parameters();
  if (!parameters) co_return exchange.problem(bad_parameter("after", "broken percent-encoding"));
  std::string filter_text, format = "native";
  for (std::size_t i = 0; i < parameters->size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if ((*parameters)[i].first == (*parameters)[j].first)
        co_return exchange.problem(bad_parameter((*parameters)[i].first, "it is given twice"));
  for (const auto& [name, value] : *parameters) {
    if (name == "after") {
      if (after.empty()) after = value;
    } else if (name == "filter")
      filter_text = value;
    else if (name == "format")
      format = value;
    else if (name == "checkpoints") {
      if (value != "true" && value != "false")
        co_return exchange.problem(bad_parameter(name, "true or false is expected"));
      wanted.checkpoints = value == "true";
    } else if (name == "account" && value == account_text(account))
      continue;
    else
      co_return exchange.problem(bad_parameter(name, "there is no such parameter"));
  }
  const auto parsed_format = siem::parse_format(format);
  if (!parsed_format) co_return exchange.problem(bad_parameter("format", "native, ocsf, ecs, cef or leef is expected"));
  wanted.format = *parsed_format;
  const auto media_type = media_type_for(exchange.request().header("Accept"), wanted.format);
  if (!media_type)
    co_return exchange.problem(
        bad_parameter("format", "cef and leef are no JSON: text/plain or text/event-stream is expected in Accept"));
  wanted.media_type = *media_type;
  std::optional<Problem> wrong;
  try {
    wanted.filter = read_event_filter(filter_text, reads_.lookup());
  } catch (const Problem& problem) {
    wrong = problem;
  }
  if (wrong) co_return exchange.problem(*wrong);
  wanted.bound = bound_to(account, filter_text);
  if (after == "latest") {
    const auto known = reads_.state().account(account);
    wanted.after = known ? known->last_sequence : 0;
  } else if (!after.empty()) {
    const auto sequence = parse_stream_cursor(wanted.bound, after);
    if (!sequence)
      co_return exchange.problem(bad_parameter("after", "not a cursor of this account's stream with this filter"));
    wanted.after = *sequence;
  }

  const auto done = [](const domain::Done&, const domain::State&) { return empty_answer(200); };
  domain::RecordStream start{false, format, 0};
  auto started = co_await writes_.run<domain::RecordStream>(exchange, std::move(start), done);
  if (started.status() != 200) co_return started;
  Response head(200, wanted.media_type, "");
  head.no_store().header("X-Accel-Buffering", "no");
  boost::system::error_code gone = co_await exchange.begin(std::move(head));
  std::uint64_t events = 0;
  bool idle = false;
  siem::CheckpointPace pace(wanted.after);
  std::exception_ptr failure;
  while (!gone && exchange.interruption() == Interruption::none) {
    const auto landed =
        reads_.partitions().of(account).landed_frame();  // before the look: what lands meanwhile must wake us
    auto work = [this, account, &wanted] { return next_chunk(account, wanted); };
    Chunk chunk;
    try {
      chunk = co_await reads_.on_pool(std::move(work));
    } catch (...) {
      failure = std::current_exception();
      break;
    }
    // Afterwards: what came behind the key's revocation may have been read together with it.
    if (!may_read_on(reads_, *exchange.caller<Caller>())) break;
    const bool moved = chunk.last > wanted.after;
    wanted.after = chunk.last;
    events += chunk.events;
    if (!chunk.text.empty()) {
      gone = co_await exchange.write(chunk.text);
      idle = false;
    } else if (idle && wanted.sse()) {
      gone = co_await exchange.write(":\n\n");  // a heartbeat, so that proxies keep the connection
    }
    if (const auto now = std::chrono::steady_clock::now(); wanted.checkpoints && pace.due(wanted.after, !moved, now)) {
      pace.asked(now);
      const auto text = co_await checkpoint_text(account, wanted);
      if (!text.empty()) {
        pace.sent(wanted.after);
        if (!gone) gone = co_await exchange.write(text);
      }
    }
    if (moved) continue;
    co_await wait_for_more(exchange, landed);
    idle = true;
  }
  domain::RecordStream end{true, format, events};
  co_await writes_.run<domain::RecordStream>(exchange, std::move(end), done);
  if (failure) std::rethrow_exception(failure);  // the client sees a broken answer, not the end of all there is
  if (!gone) co_await exchange.end();
  co_return Response();
}

}  // namespace countersign::http
