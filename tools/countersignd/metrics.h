#pragma once
// Prometheus metrics: requests by operation and status with their durations, and a snapshot of sequencers and views at
// each scrape. In a cluster what is a partition's has its number.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>

#include "adapters/audit_topic/publisher.h"
#include "adapters/commands/partitions.h"
#include "adapters/exports/status.h"
#include "adapters/http/server/service.h"
#include "adapters/outbox/outbox.h"
#include "projections/views.h"

namespace countersign::server {

class Metrics {
 public:
  explicit Metrics(const std::vector<http::Route>& routes);
  void answered(const http::AccessRecord& record);
  std::string text(const commands::Partitions& partitions, const projections::Views& views, std::size_t connections,
                   const outbox::Outbox& outbox, const std::vector<exports::DestinationStatus>& destinations,
                   const std::vector<audit_topic::PublicationStatus>& publications);

 private:
  void note(const bus::Partition& partition, const prometheus::Labels& of_which);
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  /// Of one operation. Counters are made when a status is seen first, and found without a lock afterwards.
  struct OfOperation {
    prometheus::Histogram* durations = nullptr;
    std::array<std::atomic<prometheus::Counter*>, 600> by_status{};
  };
  prometheus::Counter& counter_of(OfOperation& of, const std::string& operation, unsigned status);
  std::unordered_map<std::string, OfOperation> by_operation_;
  OfOperation none_;
  prometheus::Family<prometheus::Gauge>& gauges_;
  prometheus::Family<prometheus::Counter>& ignored_;
  std::mutex scrape_;
};

}  // namespace countersign::server
