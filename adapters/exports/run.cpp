#include "adapters/exports/run.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/keys/random.h"

namespace countersign::exports {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

std::uint32_t seed() {
  const auto bytes = keys::random_bytes<4>();
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

}  // namespace

Run::Run(const ExportRoom& room, domain::AccountId account, Row row, bool suspended)
    : room_(room),
      account_(account),
      row_(std::move(row)),
      suspended_(suspended),
      back_off_(room.options.back_off),
      random_(seed()),
      timer_(room.executor),
      checkpoints_(0, room.options.checkpoint_every),
      reported_at_(room.ports.clock()) {
  status_.account = account_;
  status_.id = row_->id;
  show();
}

void Run::start(std::function<void()> ended) {
  asio::co_spawn(
      room_.executor, [self = shared_from_this()]() -> asio::awaitable<void> { co_await self->work(); },
      [ended = std::move(ended)](const std::exception_ptr&) { ended(); });
}

void Run::change(Row row, bool suspended) {
  row_ = std::move(row);
  suspended_ = suspended;
  changed_ = true;
  close();
  timer_.cancel();
  show();
}

void Run::look_at(std::uint64_t last_sequence) {
  if (last_sequence <= read_) return;
  woken_ = true;
  if (resting_for_events_) timer_.cancel();
}

void Run::end() {
  ended_ = true;
  close();
  timer_.cancel();
}

void Run::close() {
  if (served_.transport) served_.transport->close();
}

// --- the coroutine ---------------------------------------------------------------------------------------------------

asio::awaitable<void> Run::work() {
  while (!ended_) {
    std::string failure;
    try {
      co_await round();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    if (!failure.empty() && !ended_) co_await failed(std::move(failure), {});
  }
  try {
    if (cursor_ != kept_) keep();
  } catch (const std::exception& error) {
    room_.ports.warn(error.what());
  }
  served_.transport.reset();
}

/// One look at the log and what follows from it.
asio::awaitable<void> Run::round() {
  if (std::exchange(changed_, false)) {
    served_ = {};
    back_off_.reset();
    take_place();
    show_failure(false, {}, 0);
  }
  if (idle()) {
    if (cursor_ != kept_) keep();
    co_return co_await rest({}, false);
  }
  if (!served_.transport) served_ = serve(room_, account_, *row_, room_.options.transport);
  auto batch = next_batch();
  const bool caught_up = batch.messages.empty() && batch.end.sequence == 0;
  auto notice = co_await checkpoint_due(caught_up);
  if (changed_ || ended_) co_return;
  if (notice) {
    batch.messages.push_back(std::move(*notice));
    batch.places.emplace_back();
  }
  if (!batch.messages.empty()) co_return co_await send(std::move(batch));
  if (!caught_up) {
    pass(batch.end);
    keep_when_due();
    co_return co_await asio::post(room_.executor, asio::use_awaitable);  // others' turn
  }
  keep_when_due();
  co_await rest(until_next_task(), true);
}

asio::awaitable<void> Run::send(Batch batch) {
  if (!served_.transport->connected()) {
    auto error = co_await served_.transport->connect();
    if (changed_ || ended_) co_return;
    if (!error.empty()) co_return co_await failed(std::move(error), {});
    if (served_.guarantee == push::Guarantee::rewinding) {
      read_ = std::min(read_, std::max(row_->start, window_.back_to()));
      window_.begin(read_);
      batch = next_batch();
      if (batch.messages.empty()) co_return pass(batch.end);  // the filter leaves out what would be repeated
    }
  }
  const auto begun_by = row_->begun_by;
  auto delivery = co_await served_.transport->deliver(batch.messages);
  // Rewound meanwhile: what was taken says nothing about the new beginning.
  if (row_->begun_by == begun_by) delivered(batch, std::min(delivery.taken, batch.messages.size()));
  if (changed_ || ended_) co_return;
  if (delivery.taken > 0) back_off_.reset();
  if (!delivery.error.empty()) co_return co_await failed(std::move(delivery.error), delivery.retry_after);
  show_failure(false, {}, 0);
}

asio::awaitable<void> Run::failed(std::string error, std::optional<std::chrono::seconds> asked) {
  if (served_.transport) served_.transport->close();
  const auto pause = back_off_.failed(asked, random_);
  show_failure(true, std::move(error), room_.ports.clock() + pause.count());
  co_await rest(pause, false);
}

asio::awaitable<void> Run::rest(std::optional<std::chrono::milliseconds> at_most, bool for_events) {
  if (ended_ || changed_ || (for_events && std::exchange(woken_, false))) co_return;
  resting_for_events_ = for_events;
  if (at_most)
    timer_.expires_after(*at_most);
  else
    timer_.expires_at(steady_clock::time_point::max());
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  resting_for_events_ = woken_ = false;
}

asio::awaitable<std::optional<push::Message>> Run::checkpoint_due(bool caught_up) {
  const auto now = steady_clock::now();
  if (!row_->traits.checkpoints || !checkpoints_.due(cursor_.sequence, caught_up, now)) co_return std::nullopt;
  checkpoints_.asked(now);
  auto ask = [this]() -> asio::awaitable<std::optional<std::string>> { co_return room_.ports.checkpoint(account_); };
  auto note = co_await asio::co_spawn(room_.waiting, std::move(ask), asio::use_awaitable);
  if (!note) co_return std::nullopt;
  const auto notice = siem::checkpoint_notice(account_, std::move(*note), room_.ports.clock());
  co_return message_of(notice, served_.format);
}

// --- where it stands -------------------------------------------------------------------------------------------------

/// Of the destination's beginning: the cursor on disk if it is one of it and of this log, else what the last export
/// report says.
void Run::take_place() {
  if (cursor_.begun_by == row_->begun_by) return;
  const auto account = room_.ports.state.reader().account(account_);
  const auto is_of_this_log = [&](const Cursor& cursor) {
    if (cursor.begun_by != row_->begun_by || cursor.sequence < row_->start) return false;
    if (!account || cursor.sequence > account->last_sequence) return false;
    if (!cursor.event) return cursor.sequence == row_->start;
    bool same = false;
    room_.ports.views.events_from(account_, cursor.sequence, [&](std::string_view bytes, bus::FrameNumber) {
      const auto event = domain::EventView::parse(bytes);
      same = event && event->id() == cursor.event;
      return false;
    });
    return same;
  };
  const auto stored = room_.cursors.find(row_->id);
  if (stored && is_of_this_log(*stored))
    cursor_ = *stored;
  else
    cursor_ = {.begun_by = row_->begun_by,
               .sequence = row_->reported,
               .certain = row_->reported,
               .unreported = cursor_.unreported,
               .unreported_since = cursor_.unreported_since};
  kept_ = cursor_;
  read_ = cursor_.sequence;
  window_.begin(std::min(cursor_.certain, cursor_.sequence));
  window_.sent(cursor_.sequence, RewindWindow::Clock::now());
  checkpoints_ = siem::CheckpointPace(cursor_.sequence, room_.options.checkpoint_every);
  show();
}

Batch Run::next_batch() {
  const auto state = room_.ports.state.reader();
  queries::EventRenderer renderer(state, room_.ports.opener, room_.ports.partitions.of(account_).identity());
  return read_batch(room_.ports.views, account_, read_, served_.filter, served_.format, renderer, room_.options.batch);
}

void Run::pass(const Place& place) {
  read_ = std::max(read_, place.sequence);
  if (place.sequence <= cursor_.sequence) return;
  cursor_.sequence = place.sequence;
  cursor_.frame = place.frame;
  cursor_.event = place.event;
  show();
}

void Run::delivered(const Batch& batch, std::size_t taken) {
  std::uint64_t counted = 0, events = 0;
  Place last;
  for (std::size_t i = 0; i < taken; ++i) {
    const auto& place = batch.places[i];
    if (place.sequence == 0) {
      checkpoints_.sent(std::max(cursor_.sequence, last.sequence));
      continue;
    }
    ++events;
    counted += place.counts && place.sequence > cursor_.sequence;
    last = place;
  }
  if (counted > 0 && cursor_.unreported == 0) cursor_.unreported_since = room_.ports.clock();
  cursor_.unreported += counted;
  if (last.sequence > 0) {
    window_.sent(last.sequence, RewindWindow::Clock::now());
    pass(last);
  }
  if (taken == batch.messages.size() && batch.end.sequence > 0) pass(batch.end);
  if (taken == 0) return;
  cursor_.certain = std::max(row_->start, window_.back_to());
  keep_when_due();
  const std::lock_guard lock(mutex_);
  status_.delivered += events;
  status_.last_delivery_at = room_.ports.clock();
}

void Run::keep() {
  room_.cursors.keep(row_->id, cursor_);
  kept_ = cursor_;
  kept_at_ = steady_clock::now();
}

void Run::keep_when_due() {
  if (cursor_ != kept_ && steady_clock::now() - kept_at_ >= room_.options.keep_every) keep();
}

/// What is to be done though no events come: a cursor to be kept, a checkpoint to be sent.
std::optional<std::chrono::milliseconds> Run::until_next_task() const {
  const auto now = steady_clock::now();
  auto wait = row_->traits.checkpoints ? checkpoints_.until_due(cursor_.sequence, now) : std::nullopt;
  if (cursor_ == kept_) return wait;
  const auto past = std::chrono::duration_cast<std::chrono::milliseconds>(now - kept_at_);
  const auto until_keep = std::max(std::chrono::milliseconds(1), room_.options.keep_every - past);
  return wait ? std::min(*wait, until_keep) : until_keep;
}

// --- reports and status ----------------------------------------------------------------------------------------------

std::optional<domain::RecordExport> Run::take_report(domain::UnixMs now, bool at_once) {
  if (cursor_.unreported == 0 || (!at_once && now - reported_at_ < room_.options.report_every.count()))
    return std::nullopt;
  reported_at_ = now;
  return domain::RecordExport{row_->id, std::exchange(cursor_.unreported, 0), cursor_.sequence,
                              cursor_.unreported_since, cursor_.begun_by};
}

void Run::reported(const domain::RecordExport& report, bool written) {
  if (!written) {
    cursor_.unreported += report.events;
    cursor_.unreported_since = report.since;
  }
  if (resting_for_events_) timer_.cancel();  // to keep the cursor
}

void Run::show_failure(bool failing, std::string error, domain::UnixMs next_attempt_at) {
  const std::lock_guard lock(mutex_);
  status_.failing = failing;
  status_.failures += failing;
  status_.last_error = std::move(error);
  status_.next_attempt_at = next_attempt_at;
}

void Run::show() {
  const std::lock_guard lock(mutex_);
  status_.version = row_->version;
  status_.begun_by = row_->begun_by;
  status_.paused = idle();
  status_.sequence = cursor_.begun_by == row_->begun_by ? cursor_.sequence : row_->start;
  status_.frame = cursor_.begun_by == row_->begun_by ? cursor_.frame : bus::FrameNumber{};
}

DestinationStatus Run::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace countersign::exports
