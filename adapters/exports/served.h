#pragma once
// What it takes to serve a destination, put together from its row: its configuration opened, its secrets fetched, its
// filter read, and a transport made. And what all of them share.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "adapters/commands/published.h"
#include "adapters/commands/submitter.h"
#include "adapters/exports/back_off.h"
#include "adapters/exports/batch.h"
#include "adapters/exports/cursor_store.h"
#include "adapters/keys/key_store.h"
#include "adapters/queries/seal_opener.h"
#include "domain/siem_destination.h"

namespace countersign::exports {

/// What exports need of the rest of the server. All must outlive the exporter.
struct ExportPorts {
  const projections::Views& views;
  const commands::Published& state;
  const commands::Partitions& partitions;
  commands::Submitter& submitter;
  const keys::KeyStore& keys;
  const queries::SealOpener& opener;
  std::function<domain::UnixMs()> clock;
  std::function<void(std::string_view)> warn;
  /// Throws std::invalid_argument for a receiver that can't be.
  std::function<std::unique_ptr<push::Transport>(boost::asio::any_io_executor, push::Receiver,
                                                 const push::TransportLimits&)>
      make_transport;
  /// Throws std::invalid_argument for a filter that can't be read.
  std::function<queries::EventFilter(std::string_view)> read_filter;
  /// A signed head of the account's log, on a thread that may wait; nothing when it can't be had now.
  std::function<std::optional<std::string>(domain::AccountId)> checkpoint;
};

struct ExportOptions {
  BatchLimits batch;
  BackOffLimits back_off;
  push::TransportLimits transport;
  push::TransportLimits test{.connect = std::chrono::milliseconds(5'000), .silence = std::chrono::milliseconds(10'000)};
  std::chrono::milliseconds keep_every{250};  ///< of a cursor: its sync shares the disk with the log's
  std::chrono::milliseconds checkpoint_every{60'000};
  std::chrono::milliseconds report_every{15 * 60'000};
  std::chrono::milliseconds look_every{1'000};     ///< for reports; new events are looked for when they land
  std::chrono::milliseconds stop_patience{5'000};  ///< for connections to close
};

/// What all destinations share.
struct ExportRoom {
  const ExportPorts& ports;
  const ExportOptions& options;
  CursorStore& cursors;
  boost::asio::any_io_executor executor, waiting;  ///< `waiting`: for what may wait for a disk
};

struct Served {
  std::unique_ptr<push::Transport> transport;
  push::Guarantee guarantee{};
  queries::EventFilter filter;
  siem::ExportFormat format{};
};
/// Throws std::invalid_argument saying what is wrong.
Served serve(const ExportRoom& room, domain::AccountId account, const domain::SiemDestination& row,
             const push::TransportLimits& limits);

}  // namespace countersign::exports
