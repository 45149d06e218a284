#include "adapters/http/api/cluster.h"

#include "bus/format.h"
#include "domain/record.h"

namespace countersign::http {

namespace json = boost::json;

Response Cluster::show(Exchange&) {
  const auto now = std::chrono::steady_clock::now();
  json::array partitions;
  for (const auto* partition : reads_.partitions()) {
    const auto status = partition->status();
    const auto& sequencer = status.sequencer;
    const auto optional = [](const std::string& text) {
      return text.empty() ? json::value(nullptr) : json::value(text);
    };
    json::object ignored;
    for (std::size_t reason = 0; reason < bus::ignored_reasons; ++reason)
      ignored[bus::name(static_cast<bus::Ignored>(reason))] = sequencer.ignored[reason];
    json::value behind = nullptr;
    if (status.at_end) behind = std::chrono::duration_cast<std::chrono::milliseconds>(now - *status.at_end).count();
    constexpr std::string_view roles[] = {"following", "owning", "failed"};
    partitions.push_back(
        json::object{{"partition", partition->identity().partition},
                     {"role", roles[static_cast<std::size_t>(status.role)]},
                     {"should_own", status.wanted},
                     {"owner", status.owner.released ? json::value(nullptr) : optional(status.owner.node)},
                     {"owner_address", status.owner.released ? json::value(nullptr) : optional(status.owner.address)},
                     {"successor", status.owner.released ? optional(status.owner.node) : json::value(nullptr)},
                     {"term", value(sequencer.term)},
                     {"format", sequencer.format},
                     {"frame", value(sequencer.durable_frame)},
                     {"landed_frame", value(sequencer.landed_frame)},
                     {"current_ms_ago", behind},
                     {"ignored", std::move(ignored)},
                     {"trouble", optional(status.trouble)}});
  }
  return Response::json(200, json::serialize(json::object{{"node", ports_.node},
                                                          {"bus", ports_.bus},
                                                          {"release", bus::this_release()},
                                                          {"newest_format", bus::newest_format()},
                                                          {"partitions", std::move(partitions)}}));
}

boost::asio::awaitable<std::variant<std::vector<ClusterNode>, Problem>> Cluster::ask_nodes() {
  using Answer = std::variant<std::vector<ClusterNode>, Problem>;
  auto ask = [this]() -> Answer {
    try {
      return ports_.nodes();
    } catch (const std::runtime_error& error) {
      return Problem{.status = 503, .code = "unavailable", .detail = error.what(), .retry_after_s = 5};
    }
  };
  co_return co_await reads_.on_pool(std::move(ask));
}

boost::asio::awaitable<Response> Cluster::nodes(Exchange& exchange) {
  const auto asked = co_await ask_nodes();
  if (const auto* problem = std::get_if<Problem>(&asked)) co_return exchange.problem(*problem);
  json::array items;
  for (const auto& node : std::get<std::vector<ClusterNode>>(asked))
    items.push_back(json::object{{"node", node.name},
                                 {"address", node.address},
                                 {"release", node.release},
                                 {"newest_format", node.newest_format}});
  co_return Response::json(200, json::serialize(json::object{{"items", std::move(items)}}));
}

boost::asio::awaitable<Response> Cluster::finalize_upgrade(Exchange& exchange) {
  const auto number = reads_.partitions().number(exchange.parameter());
  if (!number) co_return exchange.problem(no_such("partition"));
  const auto wanted = bus::newest_format();
  const auto answer = [number = *number, wanted](bool raised) {
    return json_answer(200, json::object{{"partition", number}, {"format", wanted}, {"raised", raised}});
  };
  if (reads_.partitions().at(*number).status().sequencer.format >= wanted)
    co_return Response::json(200, answer(false).body);
  const auto asked = co_await ask_nodes();
  if (const auto* problem = std::get_if<Problem>(&asked)) co_return exchange.problem(*problem);
  for (const auto& node : std::get<std::vector<ClusterNode>>(asked)) {
    if (node.newest_format >= wanted) continue;
    co_return exchange.problem({.status = 409,
                                .code = "older-node-runs",
                                .detail = node.name + " runs release " + node.release +
                                          ", which doesn't read what would be written from now on: upgrade it first."});
  }
  WriteOptions<domain::RecordServer> options;
  options.slot = static_cast<std::uint16_t>(*number);  // the slots of a partition begin with its own number
  auto rendered = [answer](const domain::Done&, const domain::State&) { return answer(true); };
  domain::RecordServer command{domain::EventType::log_upgraded, bus::this_release(), ports_.node};
  co_return co_await writes_.run<domain::RecordServer>(exchange, std::move(command), std::move(rendered),
                                                       std::move(options));
}

}  // namespace countersign::http
