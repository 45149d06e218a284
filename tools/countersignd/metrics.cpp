#include "tools/countersignd/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>

namespace countersign::server {
namespace {

const prometheus::Histogram::BucketBoundaries seconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                         0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};

/// Of the destinations that there are now: in a registry of their own, because one that was deleted has no metrics.
std::string text_of(const std::vector<exports::DestinationStatus>& destinations) {
  if (destinations.empty()) return {};
  prometheus::Registry registry;
  auto& lag = prometheus::BuildGauge()
                  .Name("countersign_siem_lag_events")
                  .Help("Events that the destination has not got yet.")
                  .Register(registry);
  auto& delivered = prometheus::BuildCounter()
                        .Name("countersign_siem_delivered_total")
                        .Help("Events that the destination has taken, repeats included.")
                        .Register(registry);
  auto& failures = prometheus::BuildCounter()
                       .Name("countersign_siem_failures_total")
                       .Help("Attempts that failed.")
                       .Register(registry);
  auto& success = prometheus::BuildGauge()
                      .Name("countersign_siem_last_success_seconds")
                      .Help("When the destination last took something, in seconds since 1970; 0: not since the start.")
                      .Register(registry);
  for (const auto& each : destinations) {
    const prometheus::Labels labels{{"destination", each.id.text()}};
    lag.Add(labels).Set(static_cast<double>(each.lag_events));
    delivered.Add(labels).Increment(static_cast<double>(each.delivered));
    failures.Add(labels).Increment(static_cast<double>(each.failures));
    success.Add(labels).Set(static_cast<double>(each.last_delivery_at) / 1000);
  }
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

/// Of the channels by which messages are sent.
std::string text_of(const outbox::Outbox& outbox) {
  prometheus::Registry registry;
  auto& waiting = prometheus::BuildGauge()
                      .Name("countersign_messages_waiting")
                      .Help("Messages with one-time passwords that wait to be sent by this node.")
                      .Register(registry);
  auto& ended = prometheus::BuildCounter()
                    .Name("countersign_messages_total")
                    .Help("What became of attempts to send messages; deferred ones are tried again.")
                    .Register(registry);
  for (const auto channel : {domain::Channel::sms, domain::Channel::email}) {
    if (!outbox.sends(channel)) continue;
    const std::string name(domain::channel_text(channel));
    const auto counts = outbox.counts(channel);
    waiting.Add({{"channel", name}}).Set(static_cast<double>(counts.waiting));
    const auto count = [&](const char* outcome, std::uint64_t number) {
      ended.Add({{"channel", name}, {"outcome", outcome}}).Increment(static_cast<double>(number));
    };
    count("sent", counts.sent);
    count("undelivered", counts.undelivered);
    count("deferred", counts.deferred);
  }
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

/// Of the partitions that this node owns now: likewise.
std::string text_of(const std::vector<audit_topic::PublicationStatus>& publications) {
  if (publications.empty()) return {};
  prometheus::Registry registry;
  auto& lag = prometheus::BuildGauge()
                  .Name("countersign_audit_topic_lag_events")
                  .Help("Events of the partition that were not in the public topic when the node last looked.")
                  .Register(registry);
  auto& written = prometheus::BuildGauge()
                      .Name("countersign_audit_topic_written_events")
                      .Help("Events that this node has written there in its term, repeats included.")
                      .Register(registry);
  auto& failing = prometheus::BuildGauge()
                      .Name("countersign_audit_topic_failing")
                      .Help("1: the last attempt to write there failed.")
                      .Register(registry);
  for (const auto& each : publications) {
    const prometheus::Labels labels{{"partition", std::to_string(each.partition)}};
    lag.Add(labels).Set(static_cast<double>(each.lag_events));
    written.Add(labels).Set(static_cast<double>(each.written));
    failing.Add(labels).Set(each.failure.empty() ? 0 : 1);
  }
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

}  // namespace

Metrics::Metrics(const std::vector<http::Route>& routes)
    : requests_(prometheus::BuildCounter()
                    .Name("countersign_http_requests_total")
                    .Help("Answered requests.")
                    .Register(registry_)),
      durations_(prometheus::BuildHistogram()
                     .Name("countersign_http_request_seconds")
                     .Help("From a request's last header to its answer.")
                     .Register(registry_)),
      gauges_(prometheus::BuildGauge()
                  .Name("countersign_state")
                  .Help("Snapshot of log, sequencer and views.")
                  .Register(registry_)),
      ignored_(prometheus::BuildCounter()
                   .Name("countersign_ignored_records_total")
                   .Help("Records of the log that don't count, by the reason.")
                   .Register(registry_)) {
  for (const auto& route : routes) {
    by_operation_[route.operation].durations = &durations_.Add({{"operation", route.operation}}, seconds);
  }
}

prometheus::Counter& Metrics::counter_of(OfOperation& of, const std::string& operation, unsigned status) {
  auto& known = of.by_status[std::min<std::size_t>(status, of.by_status.size() - 1)];
  if (auto* const counter = known.load(std::memory_order_acquire)) return *counter;
  auto& made = requests_.Add({{"operation", operation}, {"status", std::to_string(status)}});  // the same one each time
  known.store(&made, std::memory_order_release);
  return made;
}

void Metrics::answered(const http::AccessRecord& record) {
  static const std::string none = "none";
  const auto it = record.route ? by_operation_.find(record.route->operation) : by_operation_.end();
  if (it == by_operation_.end()) return counter_of(none_, none, record.status).Increment();
  it->second.durations->Observe(static_cast<double>(record.duration.count()) / 1e6);
  counter_of(it->second, record.route->operation, record.status).Increment();
}

void Metrics::note(const bus::Partition& partition, const prometheus::Labels& of_which) {
  const auto status = partition.status();
  const auto& sequencer = status.sequencer;
  const auto set = [&](const char* what, double value) {
    auto labels = of_which;
    labels["what"] = what;
    gauges_.Add(labels).Set(value);
  };
  set("durable_frame", static_cast<double>(value(sequencer.durable_frame)));
  set("landed_frame", static_cast<double>(value(sequencer.landed_frame)));
  set("term", static_cast<double>(value(sequencer.term)));
  set("owned", status.role == bus::PartitionRole::owning ? 1 : 0);
  set("wrong_clock", status.wrong_clock.empty() ? 0 : 1);
  set("queue_depth", static_cast<double>(sequencer.queue_depth));
  set("landing_batches", static_cast<double>(sequencer.landing_batches));
  set("frames", static_cast<double>(sequencer.frames));
  set("commands", static_cast<double>(sequencer.works));
  set("commands_failed", static_cast<double>(sequencer.works_failed));
  set("queue_full", static_cast<double>(sequencer.queue_full));
  set("resolves", static_cast<double>(sequencer.resolves));
  // Since when the node knows that it has read everything; -1: never yet.
  set("behind_seconds", status.at_end ? std::chrono::duration<double>(partition.behind()).count() : -1);
  for (std::size_t reason = 0; reason < bus::ignored_reasons; ++reason) {
    auto labels = of_which;
    labels["reason"] = std::string(bus::name(static_cast<bus::Ignored>(reason)));
    auto& counter = ignored_.Add(labels);
    counter.Increment(static_cast<double>(sequencer.ignored[reason]) - counter.Value());
  }
}

std::string Metrics::text(const commands::Partitions& partitions, const projections::Views& views,
                          std::size_t connections, const outbox::Outbox& outbox,
                          const std::vector<exports::DestinationStatus>& destinations,
                          const std::vector<audit_topic::PublicationStatus>& publications) {
  const std::lock_guard lock(scrape_);
  for (const auto* partition : partitions) {
    prometheus::Labels of_which;
    if (partitions.shared()) of_which["partition"] = std::to_string(partition->identity().partition);
    note(*partition, of_which);
  }
  const auto set = [&](const char* what, double value) { gauges_.Add({{"what", what}}).Set(value); };
  set("connections", static_cast<double>(connections));
  set("views_bytes", static_cast<double>(views.disk_bytes()));
  return prometheus::TextSerializer().Serialize(registry_.Collect()) + text_of(outbox) + text_of(destinations) +
         text_of(publications);
}

}  // namespace countersign::server
