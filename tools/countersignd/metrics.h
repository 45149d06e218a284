#pragma once
// Prometheus metrics: requests by operation and status with their durations, and a snapshot of sequencer and views at
// each scrape.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <mutex>
#include <string>

#include "adapters/http/server/service.h"
#include "bus/sequencer.h"
#include "projections/views.h"

namespace countersign::server {

class Metrics {
 public:
  explicit Metrics(const std::vector<http::Route>& routes);
  void answered(const http::AccessRecord& record);
  std::string text(const bus::SequencerStatus& status, const projections::Views& views, std::size_t connections);

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  std::map<std::string, prometheus::Histogram*, std::less<>> by_operation_;
  std::mutex mutex_;
  std::map<std::pair<std::string, unsigned>, prometheus::Counter*> counters_;
  prometheus::Family<prometheus::Gauge>& gauges_;
};

}  // namespace countersign::server
