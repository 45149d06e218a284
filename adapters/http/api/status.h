#pragma once
// Health, readiness, metrics, projections, backup, and the API's own description.

#include <filesystem>
#include <functional>
#include <string>

#include "adapters/exports/exporter.h"
#include "adapters/http/api/reads.h"
#include "adapters/notary/notary.h"
#include "projections/index/event_index.h"

namespace countersign::http {

struct StatusPorts {
  std::function<std::string()> not_ready;  ///< why the server can't serve; empty when it can
  std::function<std::string()> metrics;    ///< Prometheus text
  /// Makes a consistent copy in a new directory; the text says what failed.
  std::function<std::string(const std::filesystem::path& directory)> backup;
  std::string openapi;
};

class Status {
 public:
  Status(Reads& reads, const projections::EventIndex& index, notary::Notary& notary, const exports::Exporter& exporter,
         StatusPorts ports)
      : reads_(reads), index_(index), notary_(notary), exporter_(exporter), ports_(std::move(ports)) {}

  Response health(Exchange& exchange);
  Response ready(Exchange& exchange);
  Response metrics(Exchange& exchange);
  Response openapi(Exchange& exchange);
  boost::asio::awaitable<Response> projections(Exchange& exchange);
  boost::asio::awaitable<Response> backup(Exchange& exchange);

 private:
  std::uint64_t unlanded_events() const;
  boost::json::object merkle_projection(const bus::LogIdentity& log);

  Reads& reads_;
  const projections::EventIndex& index_;
  notary::Notary& notary_;
  const exports::Exporter& exporter_;
  StatusPorts ports_;
};

}  // namespace countersign::http
