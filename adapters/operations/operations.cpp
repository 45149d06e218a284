#include "adapters/operations/operations.h"

#include <stdexcept>

#include "adapters/commands/draw.h"
#include "adapters/operations/run.h"
#include "domain/record.h"

namespace countersign::operations {
namespace {
constexpr domain::UnixMs kept_ms = 7 * domain::day_ms;
constexpr std::size_t at_once = 3;
}  // namespace

Operations::Operations(OperationPorts ports, std::filesystem::path directory)
    : ports_(std::move(ports)), files_(std::move(directory)) {}

Operations::~Operations() {
  stop();
}

void Operations::start() {
  const auto now = ports_.clock();
  for (auto& operation : files_.load_all()) {
    const bool ended = operation.status == Status::done || operation.status == Status::failed;
    if (ended && now - operation.finished_at > kept_ms) {
      files_.remove(operation.id);
      continue;
    }
    if (ended) files_.remove_spool(operation.id);
    const std::lock_guard lock(mutex_);
    if (!ended) waiting_.push_back(operation.id);
    operations_[operation.id] = std::move(operation);
  }
  for (std::size_t i = 0; i < at_once; ++i)
    threads_.emplace_back([this](std::stop_token token) { work(std::move(token)); });
}

void Operations::stop() {
  for (auto& thread : threads_) thread.request_stop();
  wake_.notify_all();
  threads_.clear();
}

boost::system::error_code Operations::prepare(const Operation& operation) {
  return files_.save(operation);
}

void Operations::withdraw(domain::OperationId id) {
  files_.remove(id);
  const std::lock_guard lock(mutex_);
  operations_.erase(id);
}

boost::system::error_code Operations::begin(Operation operation) {
  if (const auto error = files_.save(operation)) return error;
  const auto id = operation.id;
  {
    const std::lock_guard lock(mutex_);
    operations_[id] = std::move(operation);
  }
  release(id);
  return {};
}

void Operations::release(domain::OperationId id) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(id);
  wake_.notify_one();
}

std::optional<Operation> Operations::find(domain::AccountId account, domain::OperationId id) const {
  const std::lock_guard lock(mutex_);
  const auto it = operations_.find(id);
  if (it == operations_.end() || it->second.account != account) return std::nullopt;
  return it->second;
}

void Operations::update(const Operation& operation, bool durable) {
  if (durable)
    if (const auto error = files_.save(operation))
      ports_.warn("operation " + operation.id.text() + ": its progress can't be saved: " + error.message());
  const std::lock_guard lock(mutex_);
  operations_[operation.id] = operation;
}

void Operations::work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    domain::OperationId id;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      id = waiting_.front();
      waiting_.pop_front();
    }
    run(id, stop);
  }
}

void Operations::run(domain::OperationId id, std::stop_token stop) {
  Operation operation;
  {
    const std::lock_guard lock(mutex_);
    const auto it = operations_.find(id);
    if (it == operations_.end()) return;
    operation = it->second;
  }
  operation.status = Status::running;
  update(operation, true);
  try {
    if (Run(*this, ports_, operation, stop).run() == Run::Ended::interrupted) return update(operation, true);
    operation.status = Status::done;
  } catch (const std::exception& error) {
    operation.status = Status::failed;
    operation.failure = error.what();
    ports_.warn("operation " + id.text() + " failed: " + error.what());
  }
  operation.finished_at = ports_.clock();
  domain::RecordOperation record{id,
                                 std::string(text_of(operation.kind)),
                                 true,
                                 operation.status == Status::done,
                                 operation.total,
                                 operation.done,
                                 operation.failed};
  commands::Call call;
  call.context.account = operation.account;
  call.context.actor = operation.actor;
  call.context.role = operation.role;
  call.context.correlation = operation.correlation;
  ports_.submitter.wait(std::move(call), std::move(record));
  update(operation, true);
  files_.remove_spool(id);
}

Run::Ended Run::run() {
  switch (operation_.kind) {
    case Kind::import_users: return import_users();
    case Kind::generate_for_new_users: return generate_for_new_users();
    case Kind::erase_user: return erase_user();
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

void Run::note_progress(std::uint64_t chunks_done) {
  operation_.chunks_done = chunks_done;
  const auto now = ports_.clock();
  const bool durable = now - saved_at_ >= 1000;
  if (durable) saved_at_ = now;
  owner_.update(operation_, durable);
}

}  // namespace countersign::operations
