#include "adapters/cluster/observation_sender.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <mutex>
#include <set>

#include "adapters/cluster/observation_receiver.h"
#include "adapters/keys/random.h"
#include "adapters/push/deadline.h"

namespace countersign::cluster {
namespace {

namespace asio = boost::asio;
namespace wire = boost::beast::http;
using std::chrono::steady_clock;

constexpr auto token = asio::as_tuple(asio::use_awaitable);

std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  }
}

bool is_full(const commands::Observations& batch) {
  using commands::most_observations;
  return batch.reads.size() >= most_observations || batch.sessions.size() >= most_observations ||
         batch.keys.size() >= most_observations || batch.refusals.size() >= commands::most_refusal_kinds;
}

}  // namespace

ObservationSender::ObservationSender(NodeCertificate& certificate, const commands::Partitions& partitions,
                                     const commands::Observed& observed, std::function<domain::UnixMs()> clock,
                                     ObservationSenderOptions options)
    : certificate_(certificate),
      partitions_(partitions),
      observed_(observed),
      clock_(std::move(clock)),
      options_(std::move(options)) {}

ObservationSender::~ObservationSender() = default;

void ObservationSender::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
      if (round()) continue;
      std::unique_lock lock(mutex);
      wake.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
    }
  });
}

void ObservationSender::stop() {
  constexpr auto patience = std::chrono::seconds(5);
  constexpr auto pause = std::chrono::milliseconds(50);
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  const auto until = steady_clock::now() + patience;
  // Who takes over may not have claimed yet, or not be reached at once.
  for (bool more = round(); (more || !under_way_.empty()) && steady_clock::now() < until; more = round())
    if (!more) std::this_thread::sleep_for(pause);
}

bool ObservationSender::round() {
  notice_owners();
  take();
  const auto places = addressed();
  std::vector<std::vector<Answer>> answers(places.size());
  std::size_t nth = 0;
  for (const auto& [place, partitions] : places) {
    auto& into = answers[nth++];
    asio::co_spawn(io_, tell(place, partitions, into),
                   [&into, first = partitions.front()](const std::exception_ptr& thrown) {
                     if (thrown) into.push_back({first, 0, text_of(thrown)});
                   });
  }
  io_.restart();
  io_.run();
  bool more = false;
  nth = 0;
  for (const auto& [place, partitions] : places)
    for (const auto& answer : answers[nth++]) more = settle(place, answer) || more;
  std::erase_if(kept_, [&](const auto& kept) { return !places.contains(kept.first) || !kept.second; });
  return more;
}

void ObservationSender::notice_owners() {
  std::set<std::uint32_t> changed;
  for (const auto* partition : partitions_) {
    const auto number = partition->identity().partition;
    auto& known = terms_[number];
    const auto term = partition->owner().term;
    if (term == known) continue;
    known = term;
    changed.insert(number);
  }
  if (!changed.empty())
    tell_again(observed_, partitions_.count(), [&](std::uint32_t number) { return changed.contains(number); });
  std::erase_if(under_way_, [this](const auto& entry) {
    if (!partitions_.at(entry.first).owns()) return false;
    add(observed_, entry.second.batch.observations);
    return true;
  });
}

void ObservationSender::take() {
  const auto wanted = [this](std::uint32_t number) {
    return !partitions_.at(number).owns() && !under_way_.contains(number);
  };
  const auto now = clock_();
  for (auto& [number, observations] : take_untold(observed_, partitions_.count(), now, wanted)) {
    const auto since = steady_clock::now();
    UnderWay made{{keys::random_uuid(now), number, std::move(observations)}, since, since + options_.say_after};
    under_way_.emplace(number, std::move(made));
  }
}

/// Where each batch goes now; those of partitions that nobody owns at the moment wait.
std::map<ObservationSender::Place, std::vector<std::uint32_t>> ObservationSender::addressed() const {
  std::map<Place, std::vector<std::uint32_t>> places;
  for (const auto& [number, batch] : under_way_) {
    const auto owner = partitions_.at(number).owner();
    if (!owner.released && !owner.address.empty()) places[{owner.node, owner.address}].push_back(number);
  }
  return places;
}

asio::awaitable<void> ObservationSender::tell(Place place, std::vector<std::uint32_t> partitions,
                                              std::vector<Answer>& answers) {
  auto& connection = kept_[place];
  std::string why;
  if (!connection || !connection->is_quiet()) {
    connection.reset();
    const auto address = parse_node_address(place.address);
    if (!address) {
      why = "its address is not https://<host>:<port>";
    } else {
      const auto context = certificate_.current();
      auto opened = std::make_unique<NodeConnection>(io_.get_executor(), *context);
      why = co_await opened->open(*address, place.node, options_.connect_within);
      if (why.empty()) connection = std::move(opened);
    }
  }
  const auto host = place.address.substr(place.address.find("//") + 2);
  for (const auto number : partitions) {
    Answer answer{number, 0, why};
    if (connection) answer = co_await send(*connection, number, host);
    if (answer.status == 0) {
      connection.reset();
      why = answer.reason;
    }
    answers.push_back(std::move(answer));
  }
}

asio::awaitable<ObservationSender::Answer> ObservationSender::send(NodeConnection& connection, std::uint32_t partition,
                                                                   std::string host) {
  constexpr std::size_t most_answer_bytes = 256 << 10;
  const push::Deadline deadline(io_.get_executor(), options_.answer_within, [&] { connection.close(); });
  wire::request<wire::string_body> request(wire::verb::post, observations_path, 11);
  request.set(wire::field::host, host);
  request.set(wire::field::content_type, "application/json");
  request.body() = text_of(under_way_.at(partition).batch);
  request.prepare_payload();
  const auto [unsent, sent] = co_await wire::async_write(connection.stream(), request, token);
  if (unsent) co_return Answer{partition, 0, "the request can't be sent: " + unsent.message()};
  boost::beast::flat_buffer buffer;
  wire::response_parser<wire::string_body> parser;
  parser.body_limit(most_answer_bytes);
  const auto [unanswered, got] = co_await wire::async_read(connection.stream(), buffer, parser, token);
  if (unanswered) co_return Answer{partition, 0, "no answer: " + (deadline.passed() ? "late" : unanswered.message())};
  const auto& response = parser.get();
  Answer answer{partition, response.result_int(), "it answers " + std::to_string(response.result_int())};
  if (!parser.keep_alive()) connection.close();
  co_return answer;
}

bool ObservationSender::settle(const Place& place, const Answer& answer) {
  constexpr auto say_every = std::chrono::minutes(1);
  const auto it = under_way_.find(answer.partition);
  if (it == under_way_.end()) return false;
  if (answer.status == 204) {
    const bool more = it->second.repeated || is_full(it->second.batch.observations);
    under_way_.erase(it);
    return more;
  }
  it->second.repeated = true;
  const auto now = steady_clock::now();
  const bool malformed = answer.status == 400 || answer.status == 413 || answer.status == 422;
  const bool dropped = malformed && now - it->second.since >= options_.drop_malformed_after;
  if (options_.on_trouble && (dropped || now >= it->second.say_next)) {
    options_.on_trouble({answer.partition, place.node, answer.reason, dropped});
    it->second.say_next = now + say_every;
  }
  if (dropped) under_way_.erase(it);
  return false;
}

}  // namespace countersign::cluster
