#pragma once
// One destination being served: follows its account's events in order, hands them to a transport, keeps the cursor of
// what was taken, and after a failure waits and begins again where it was. It drives a state machine of one coroutine.
//
// Nothing is sent while the destination is paused or its account suspended. A new connection to a receiver that
// acknowledges nothing begins again as RewindWindow says, never before the destination's start.
//
// Concurrency: all on the exporter's executor but status(), which any thread may ask.

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <random>

#include "adapters/exports/rewind_window.h"
#include "adapters/exports/served.h"
#include "adapters/exports/status.h"
#include "adapters/siem/checkpoint_pace.h"
#include "domain/record.h"

namespace countersign::exports {

class Run : public std::enable_shared_from_this<Run> {
 public:
  using Row = std::shared_ptr<const domain::SiemDestination>;
  Run(const ExportRoom& room, domain::AccountId account, Row row, bool suspended);

  /// Once; `ended` is called when it has come to its end.
  void start(std::function<void()> ended);
  /// The destination, or whether its account is suspended, is another now.
  void change(Row row, bool suspended);
  /// The account's last event has this sequence.
  void look_at(std::uint64_t last_sequence);
  /// At once; what was taken is kept.
  void end();

  bool is_another(const domain::SiemDestination& row, bool suspended) const {
    return row.version != row_->version || row.begun_by != row_->begun_by || suspended != suspended_;
  }
  /// What has been sent since the last report, when a report is due by `now`; `at_once`: whenever that was.
  std::optional<domain::RecordExport> take_report(domain::UnixMs now, bool at_once);
  /// What became of a report that was taken.
  void reported(const domain::RecordExport& report, bool written);
  /// Once the coroutine has ended. Throws std::runtime_error when the cursor can't be written.
  void keep_last() {
    if (cursor_ != kept_) keep();
  }

  DestinationStatus status() const;

 private:
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<void> round();
  boost::asio::awaitable<void> send(Batch batch);
  boost::asio::awaitable<void> rest(std::optional<std::chrono::milliseconds> at_most, bool for_events);
  boost::asio::awaitable<void> failed(std::string error, std::optional<std::chrono::seconds> asked);
  boost::asio::awaitable<std::optional<push::Message>> checkpoint_due(bool caught_up);
  void take_place();
  void close();
  Batch next_batch();
  void pass(const Place& place);
  void delivered(const Batch& batch, std::size_t taken);
  void keep();
  void keep_when_due();
  std::optional<std::chrono::milliseconds> until_next_task() const;
  bool idle() const { return row_->paused || suspended_; }
  void show();
  void show_failure(bool failing, std::string error, domain::UnixMs next_attempt_at);

  const ExportRoom& room_;
  const domain::AccountId account_;
  Row row_;
  bool suspended_ = false, ended_ = false, changed_ = true;
  Served served_;  ///< without a transport: not yet

  Cursor cursor_, kept_;
  std::chrono::steady_clock::time_point kept_at_;
  std::uint64_t read_ = 0;  ///< what comes behind it is sent next; before the cursor while events are repeated
  RewindWindow window_;
  BackOff back_off_;
  std::minstd_rand random_;

  boost::asio::steady_timer timer_;
  bool resting_for_events_ = false, woken_ = false;

  siem::CheckpointPace checkpoints_;

  domain::UnixMs reported_at_ = 0;

  mutable std::mutex mutex_;
  DestinationStatus status_;  ///< guarded
};

}  // namespace countersign::exports
