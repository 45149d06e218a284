#include "adapters/exports/exporter.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/keys/random.h"
#include "adapters/siem/notice.h"

namespace countersign::exports {

namespace asio = boost::asio;

namespace {

commands::Call system_call(domain::AccountId account) {
  commands::Call call;
  call.context.account = account;
  call.context.actor.kind = domain::PartyKind::system;
  call.lane = bus::Lane::bulk;
  return call;
}

}  // namespace

Exporter::Exporter(ExportPorts ports, const std::filesystem::path& directory, ExportOptions options,
                   std::shared_ptr<rocksdb::WriteBufferManager> write_buffers)
    : ports_(std::move(ports)),
      options_(options),
      cursors_(directory, ports_.warn, std::move(write_buffers)),
      room_{ports_, options_, cursors_, io_.get_executor(), waiting_.get_executor()} {}

Exporter::~Exporter() {
  stop();
}

void Exporter::start() {
  thread_ = std::thread([this] {
    asio::co_spawn(io_, follow(), asio::detached);
    io_.run();
  });
  pthread_setname_np(thread_.native_handle(), "exporter");
}

void Exporter::stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] { end_all(); });
  thread_.join();
  door_->close();
  waiting_.stop();
  waiting_.join();
  report(true);
  keep_last();
}

/// The last of them to end lets the thread end; a transport that doesn't close is not waited for.
void Exporter::end_all() {
  ending_ = true;
  look_timer_.cancel();
  for (auto& [key, run] : runs_) run->end();
  for (auto* transport : testing_) transport->close();
  if (running_ == 0) return;
  patience_.expires_after(options_.stop_patience);
  patience_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) io_.stop();
  });
}

// --- what there is to serve ------------------------------------------------------------------------------------------

asio::awaitable<void> Exporter::follow() {
  while (!ending_) {
    wake_at_next_frames();  // before the look: what lands meanwhile must wake us
    try {
      look();
    } catch (const std::exception& error) {
      ports_.warn(std::string("SIEM destinations: ") + error.what());
    }
    look_timer_.expires_after(options_.look_every);
    boost::system::error_code ignored;
    co_await look_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

/// Where nothing waits yet: a partition in which nothing happens is told of one waiter, however often we look.
void Exporter::wake_at_next_frames() {
  waits_.resize(ports_.partitions.count());
  for (std::uint32_t n = 0; n < waits_.size(); ++n) {
    if (waits_[n]) continue;
    waits_[n] = true;
    auto& partition = ports_.partitions.at(n);
    partition.when_landed(bus::next(partition.landed_frame()),
                          [this, n, door = door_](const boost::system::error_code& error) {
                            if (error) return;  // the partition has ended: there is nothing more to come
                            door->post([this, n] {
                              waits_[n] = false;
                              look_timer_.cancel();
                            });
                          });
  }
}

void Exporter::look() {
  std::uint64_t changes = 0;
  const std::string table(1, static_cast<char>(projections::Table::destination_changes));
  ports_.views.scan(table, table, [&](std::string_view, std::string_view row) {
    changes += projections::decode_number(row);
    return true;
  });
  std::vector<bool> owned;
  for (const auto* partition : ports_.partitions) owned.push_back(partition->owns());
  if (changes_ != changes || owned_ != owned) {
    owned_ = std::move(owned);
    find_destinations();
    changes_ = changes;
  }
  const auto state = ports_.state.reader();
  for (auto& [key, run] : runs_)
    if (const auto account = state.account(key.first)) run->look_at(account->last_sequence);
  report(false);
}

void Exporter::find_destinations() {
  const auto state = ports_.state.reader();
  std::set<Key> there;
  const std::string table(1, static_cast<char>(projections::Table::siem_destinations));
  ports_.views.scan(table, table, [&](std::string_view key, std::string_view bytes) {
    auto row = std::make_shared<const domain::SiemDestination>(projections::decode_siem_destination(bytes));
    const Key found{domain::AccountId{domain::uuid_from(key.substr(1))}, row->id};
    if (!owned_[ports_.partitions.of(found.first).identity().partition]) return true;  // another node sends
    const auto account = state.account(found.first);
    const bool suspended = !account || account->suspended;
    there.insert(found);
    const auto it = runs_.find(found);
    if (it == runs_.end())
      begin_run(found, std::move(row), suspended);
    else if (it->second->is_another(*row, suspended))
      it->second->change(std::move(row), suspended);
    return true;
  });
  for (auto it = runs_.begin(); it != runs_.end();) {
    if (there.contains(it->first)) {
      ++it;
      continue;
    }
    if (auto last = it->second->take_report(ports_.clock(), true))
      ports_.submitter.submit<domain::RecordExport>(system_call(it->first.first), *last, [](const auto&) {});
    it->second->end();
    const std::lock_guard lock(mutex_);
    it = runs_.erase(it);
  }
}

void Exporter::begin_run(const Key& key, Run::Row row, bool suspended) {
  auto run = std::make_shared<Run>(room_, key.first, std::move(row), suspended);
  {
    const std::lock_guard lock(mutex_);
    runs_.emplace(key, run);
  }
  ++running_;
  run->start([this, key] {
    if (!runs_.contains(key)) forget(key.second);
    if (--running_ == 0) patience_.cancel();
  });
}

/// Of a deleted destination. One that stays is in nobody's way.
void Exporter::forget(domain::SiemDestinationId id) {
  try {
    cursors_.forget(id);
  } catch (const std::exception& error) {
    ports_.warn(error.what());
  }
}

void Exporter::report(bool at_once) {
  const auto now = ports_.clock();
  for (auto& [key, run] : runs_) {
    auto due = run->take_report(now, at_once);
    if (!due) continue;
    auto call = system_call(key.first);
    if (at_once) {
      call.lane = bus::Lane::interactive;
      run->reported(*due, ports_.submitter.wait(std::move(call), *due).ok());
      continue;
    }
    std::weak_ptr<Run> weak = run;
    ports_.submitter.submit<domain::RecordExport>(std::move(call), *due,
                                                  [weak, due, door = door_](const auto& outcome) {
                                                    door->post([weak, due, written = outcome.ok()] {
                                                      if (const auto counting = weak.lock())
                                                        counting->reported(*due, written);
                                                    });
                                                  });
  }
}

void Exporter::keep_last() {
  for (auto& [key, run] : runs_) try {
      run->keep_last();
    } catch (const std::exception& error) {
      ports_.warn(error.what());
    }
}

// --- what others ask -------------------------------------------------------------------------------------------------

DestinationStatus Exporter::with_lag(DestinationStatus status) const {
  const auto account = ports_.state.reader().account(status.account);
  if (!account || account->last_sequence <= status.sequence) return status;
  status.lag_events = account->last_sequence - status.sequence;
  ports_.views.events_from(status.account, status.sequence + 1, [&](std::string_view bytes, bus::FrameNumber) {
    if (const auto event = domain::EventView::parse(bytes))
      status.lag_ms = std::max<domain::UnixMs>(0, ports_.clock() - event->time());
    return false;
  });
  return status;
}

std::optional<DestinationStatus> Exporter::status(domain::AccountId account, domain::SiemDestinationId id) const {
  std::shared_ptr<Run> run;
  {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find({account, id});
    if (found == runs_.end()) return std::nullopt;
    run = found->second;
  }
  return with_lag(run->status());
}

std::vector<DestinationStatus> Exporter::statuses(std::optional<domain::AccountId> account) const {
  std::vector<std::shared_ptr<Run>> runs;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, run] : runs_)
      if (!account || key.first == *account) runs.push_back(run);
  }
  std::vector<DestinationStatus> out;
  for (const auto& run : runs) out.push_back(with_lag(run->status()));
  return out;
}

bool Exporter::test(domain::AccountId account, std::shared_ptr<const domain::SiemDestination> row,
                    std::function<void(Tested)> done) {
  if (++tests_ > most_tests) {
    --tests_;
    return false;
  }
  asio::post(io_, [this, account, row = std::move(row), done = std::move(done)]() mutable {
    ++running_;
    asio::co_spawn(io_, tested(account, std::move(row)),
                   [this, done = std::move(done)](const std::exception_ptr& thrown, Tested result) {
                     --tests_;
                     if (--running_ == 0) patience_.cancel();
                     if (thrown) result = {false, "the test could not be made"};
                     done(std::move(result));
                   });
  });
  return true;
}

asio::awaitable<Exporter::Tested> Exporter::tested(domain::AccountId account,
                                                   std::shared_ptr<const domain::SiemDestination> row) {
  Tested result;
  Served served;
  try {
    served = serve(room_, account, *row, options_.test);
  } catch (const std::exception& error) {
    result.error = error.what();
  }
  if (ending_) result.error = "the server is stopping";
  if (!result.error.empty()) co_return result;
  auto* transport = served.transport.get();
  testing_.insert(transport);
  result.error = co_await transport->connect();
  if (result.error.empty()) {
    const auto notice =
        siem::test_notice(account, keys::random_id<domain::EventId>(ports_.clock()).text(), ports_.clock());
    const auto message = message_of(notice, served.format);
    auto delivery = co_await transport->deliver({&message, 1});
    result.delivered = delivery.error.empty() && delivery.taken == 1;
    result.error = std::move(delivery.error);
  }
  testing_.erase(transport);
  transport->close();
  co_return result;
}

}  // namespace countersign::exports
