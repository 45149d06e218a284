#include "adapters/operations/operations.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "adapters/commands/draw.h"
#include "adapters/operations/event_search.h"
#include "adapters/operations/run.h"
#include "domain/record.h"

namespace countersign::operations {
namespace {
constexpr std::size_t at_once = 3;
constexpr domain::UnixMs between_removals_ms = 3'600'000;

/// Changes nothing: says only that the sequencer has got that far.
struct Nothing {};
domain::Decision<domain::Done> decide(const domain::State&, const domain::Context&, const Nothing&) {
  return domain::Done{};
}

}  // namespace

Operations::Operations(OperationPorts ports, std::filesystem::path directory)
    : ports_(std::move(ports)), files_(std::move(directory)) {}

Operations::~Operations() {
  stop();
}

void Operations::start() {
  const auto now = started_at_ = ports_.clock();
  for (auto& operation : files_.load_all(now, ports_.warn)) {
    const auto id = operation.id;
    if (operation.announced && now - operation.finished_at > kept_ms) {
      files_.remove(id);
      continue;
    }
    if (operation.ended()) files_.remove_spool(id);
    if (operation.announced) continue;
    // Before anybody asks: a crash may have come between the answer that named it and the note of that.
    const auto fate = operation.accepted ? Fate::accepted : fate_of(operation);
    if (fate == Fate::never) {
      files_.remove(id);
      continue;
    }
    operation.accepted = fate == Fate::accepted;
    const std::lock_guard lock(mutex_);
    enqueue(id);
    operations_[id] = std::move(operation);
  }
  for (std::size_t i = 0; i < at_once; ++i)
    threads_.emplace_back([this](std::stop_token token) { work(std::move(token)); });
}

void Operations::stop() {
  for (auto& thread : threads_) thread.request_stop();
  wake_.notify_all();
  threads_.clear();
}

// --- what becomes of a prepared operation ----------------------------------------------------------------------------

boost::system::error_code Operations::prepare(const Operation& operation) {
  if (const auto error = files_.save(operation)) {
    files_.remove(operation.id);
    return error;
  }
  const std::lock_guard lock(mutex_);
  operations_[operation.id] = operation;
  return {};
}

void Operations::begin(domain::OperationId id) {
  const std::lock_guard lock(mutex_);
  const auto it = operations_.find(id);
  if (it == operations_.end() || std::exchange(it->second.accepted, true)) return;
  tries_.erase(id);
  enqueue(id);
}

void Operations::withdraw(domain::OperationId id) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = operations_.find(id);
    if (it == operations_.end() || it->second.accepted) return;
    operations_.erase(it);
  }
  files_.remove(id);
}

void Operations::doubt(domain::OperationId id) {
  const std::lock_guard lock(mutex_);
  const auto it = operations_.find(id);
  if (it != operations_.end() && !it->second.accepted) enqueue(id);
}

Operations::Fate Operations::fate_of(const Operation& operation) {
  // Settled only when every frame before it is either in the log or dead for ever.
  commands::Call call;
  call.lane = bus::Lane::bulk;
  call.context.account = operation.account;
  if (!ports_.submitter.wait(std::move(call), Nothing{}).ok()) return Fate::unknown;
  ports_.wait_landed(operation.account);
  const auto state = ports_.state.reader();
  // Nobody prepares the erasure of a user who isn't there: so it has happened since.
  const bool happened = operation.kind == Kind::erase_user
                            ? !state.user(operation.account, operation.user)
                            : has_event(ports_.views, state, operation, domain::EventType::operation_started);
  return happened ? Fate::accepted : Fate::never;
}

// --- look ------------------------------------------------------------------------------------------------------------

std::optional<Operation> Operations::find(domain::AccountId account, domain::OperationId id) const {
  const auto in_memory = [&]() -> std::optional<Operation> {
    const std::lock_guard lock(mutex_);
    const auto it = operations_.find(id);
    return it == operations_.end() ? std::nullopt : std::optional(it->second);
  };
  auto shown = in_memory();
  if (!shown) {
    shown = files_.load(id);
    // Without that mark it is one that is being withdrawn.
    if (shown && (!shown->announced || ports_.clock() - shown->finished_at > kept_ms)) return std::nullopt;
  }
  if (!shown || shown->account != account || !shown->accepted) return std::nullopt;
  if (shown->ended() && !shown->announced) {
    shown->status = Status::running;
    shown->finished_at = 0;
  }
  return shown;
}

std::optional<Operation> Operations::erasure_of(domain::AccountId account, domain::UserId user) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, operation] : operations_)
    if (operation.kind == Kind::erase_user && operation.account == account && operation.user == user &&
        !operation.announced)
      return operation;
  return std::nullopt;
}

// --- run -------------------------------------------------------------------------------------------------------------

void Operations::enqueue(domain::OperationId id, Clock::duration delay) {
  due_.emplace(Clock::now() + delay, id);
  wake_.notify_one();
}

void Operations::again_later(domain::OperationId id) {
  const std::lock_guard lock(mutex_);
  const auto doubled = ports_.first_retry * (1 << std::min(tries_[id]++, 16));
  enqueue(id, std::min(doubled, ports_.longest_retry));
}

bool Operations::update(const Operation& operation) {
  const auto error = files_.save(operation);
  if (error) ports_.warn("operation " + operation.id.text() + ": its progress can't be saved: " + error.message());
  const std::lock_guard lock(mutex_);
  operations_[operation.id] = operation;
  return !error;
}

void Operations::work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (due_.empty()) {
      wake_.wait(lock, stop, [&] { return !due_.empty(); });
      continue;
    }
    const auto first = due_.begin()->first;
    if (first > Clock::now()) {
      wake_.wait_until(lock, stop, first, [&] { return due_.empty() || due_.begin()->first < first; });
      continue;
    }
    const auto id = due_.begin()->second;
    due_.erase(due_.begin());
    lock.unlock();
    take_up(id, stop);
    lock.lock();
  }
}

void Operations::take_up(domain::OperationId id, const std::stop_token& stop) {
  const auto known = [&]() -> std::optional<Operation> {
    const std::lock_guard lock(mutex_);
    const auto it = operations_.find(id);
    return it == operations_.end() ? std::nullopt : std::optional(it->second);
  };
  const auto operation = known();
  if (!operation) return;
  try {
    if (operation->accepted) return run(*operation, stop);
    switch (fate_of(*operation)) {
      case Fate::unknown: return again_later(id);
      case Fate::never: return withdraw(id);
      case Fate::accepted: return begin(id);
    }
  } catch (const std::exception& error) {
    ports_.warn("operation " + id.text() + ": " + error.what() + "; it is tried again");
    again_later(id);
  }
}

void Operations::run(Operation operation, const std::stop_token& stop) {
  if (operation.ended() || carry_out(operation, stop)) announce(operation, stop);
}

bool Operations::carry_out(Operation& operation, const std::stop_token& stop) {
  const auto id = operation.id;
  const bool resumed = operation.status == Status::running;
  operation.status = Status::running;
  update(operation);
  Run run(*this, ports_, operation, stop, resumed);
  try {
    const auto ended = run.run();
    if (ended == Run::Ended::again) again_later(id);
    if (ended != Run::Ended::finished) return false;
    operation.status = Status::done;
    operation.failure.clear();
  } catch (const std::exception& error) {
    operation.status = Status::failed;
    operation.failure = error.what();
    ports_.warn("operation " + id.text() + " failed: " + error.what());
  }
  operation.finished_at = ports_.clock();
  run.publish_rows();
  update(operation);
  files_.remove_spool(id);
  const std::lock_guard lock(mutex_);
  tries_.erase(id);
  return true;
}

void Operations::announce(Operation& operation, const std::stop_token& stop) {
  // A former process may have written it without noting that. In this one its idempotency key makes it one.
  bool written = false;
  if (operation.created_at < started_at_) {
    ports_.wait_landed(operation.account);
    written = has_event(ports_.views, ports_.state.reader(), operation, domain::EventType::operation_finished);
  }
  if (!written && !Run(*this, ports_, operation, stop, false).announce()) return;
  operation.announced = true;
  if (update(operation)) {
    const std::lock_guard lock(mutex_);
    operations_.erase(operation.id);
    tries_.erase(operation.id);
  }
  remove_old();
}

void Operations::remove_old() {
  const auto now = ports_.clock();
  auto before = removed_old_at_.load();
  if (now - before >= between_removals_ms && removed_old_at_.compare_exchange_strong(before, now))
    files_.remove_old(now);
}

Run::Ended Run::run() {
  switch (operation_.kind) {
    case Kind::import_users: return import_users();
    case Kind::generate_for_new_users: return generate_for_new_users();
    case Kind::erase_user: return erase_user();
    case Kind::import_hardware_tokens: return import_hardware_tokens();
  }
  throw std::runtime_error("unknown kind of operation");
}

commands::Call Run::plain_call() const {
  commands::Call call;
  call.context.account = operation_.account;
  call.context.actor = operation_.actor;
  call.context.role = operation_.role;
  call.context.correlation = operation_.correlation;
  call.lane = bus::Lane::bulk;
  return call;
}

commands::Call Run::chunk_call(std::string_view chunk, std::string_view content) const {
  auto call = plain_call();
  const auto scope = "operation " + operation_.account.text();
  const auto key = operation_.id.text() + "/" + std::string(chunk);
  call.idempotency = commands::idempotency_of(ports_.lookup, scope, key, content);
  return call;
}

bool Run::announce() {
  using Record = domain::RecordOperation;
  bool written = false;
  Chunks<Record> one(
      ports_.submitter, stop_,
      [](const domain::Done&, const domain::State&) {
        return commands::Answer{204, "", {}};
      },
      [&](Chunks<Record>::Outcome&, std::uint64_t) { written = true; });
  Record record{operation_.id,
                std::string(text_of(operation_.kind)),
                true,
                operation_.status == Status::done,
                operation_.total.value_or(0),
                operation_.done,
                operation_.failed};
  return one.push(0, chunk_call("finished", ""), std::move(record)) && one.settle_all() && written;
}

Run::Ended Run::failed_for_now(const std::string& why) {
  if (shown_.failure.empty()) ports_.warn("operation " + operation_.id.text() + ": " + why + "; it is tried again");
  shown_.failure = why + "; it is tried again";
  owner_.update(shown_);
  return Ended::again;
}

void Run::begin_rows() {
  operation_.failed = 0;
  rows_.emplace(owner_.rows_of(operation_.id), ports_.has_space);
}

void Run::report(const RowReport& row) {
  ++operation_.failed;
  rows_->add(row);
}

boost::system::error_code Run::publish_rows() {
  return rows_ ? rows_->publish() : boost::system::error_code{};
}

Run::Ended Run::finished() {
  if (const auto error = publish_rows()) return failed_for_now("its rows can't be stored: " + error.message());
  return Ended::finished;
}

Run::Ended Run::interrupted() {
  show_progress();
  return Ended::interrupted;
}

void Run::note_progress() {
  const auto now = ports_.clock();
  if (now - shown_at_ < 1000) return;
  shown_at_ = now;
  show_progress();
}

void Run::show_progress() {
  if (operation_.done + operation_.failed < shown_.done + shown_.failed || publish_rows()) return;
  shown_ = operation_;
  owner_.update(shown_);
}

}  // namespace countersign::operations
