#include "tools/countersignd/metrics.h"

#include <prometheus/text_serializer.h>

namespace countersign::server {
namespace {

const prometheus::Histogram::BucketBoundaries seconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                         0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};

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
                  .Register(registry_)) {
  for (const auto& route : routes)
    by_operation_[route.operation] = &durations_.Add({{"operation", route.operation}}, seconds);
}

void Metrics::answered(const http::AccessRecord& record) {
  const std::string operation = record.route ? record.route->operation : "none";
  if (const auto it = by_operation_.find(operation); it != by_operation_.end())
    it->second->Observe(static_cast<double>(record.duration.count()) / 1e6);
  prometheus::Counter* counter = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& known = counters_[{operation, record.status}];
    if (!known) known = &requests_.Add({{"operation", operation}, {"status", std::to_string(record.status)}});
    counter = known;
  }
  counter->Increment();
}

std::string Metrics::text(const bus::SequencerStatus& status, const projections::Views& views,
                          std::size_t connections) {
  const auto set = [&](const char* what, double value) { gauges_.Add({{"what", what}}).Set(value); };
  set("durable_frame", static_cast<double>(value(status.durable_frame)));
  set("landed_frame", static_cast<double>(value(status.landed_frame)));
  set("term", static_cast<double>(value(status.term)));
  set("queue_depth", static_cast<double>(status.queue_depth));
  set("landing_batches", static_cast<double>(status.landing_batches));
  set("frames", static_cast<double>(status.frames));
  set("commands", static_cast<double>(status.works));
  set("commands_failed", static_cast<double>(status.works_failed));
  set("queue_full", static_cast<double>(status.queue_full));
  set("resolves", static_cast<double>(status.resolves));
  set("connections", static_cast<double>(connections));
  set("views_bytes", static_cast<double>(views.disk_bytes()));
  double ignored = 0;
  for (const auto count : status.ignored) ignored += static_cast<double>(count);
  set("ignored_records", ignored);
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace countersign::server
