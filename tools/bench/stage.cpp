#include "tools/bench/stage.h"

#include <rocksdb/write_buffer_manager.h>

#include <deque>
#include <stdexcept>

#include "adapters/commands/draw.h"
#include "adapters/keys/log_identity.h"
#include "adapters/keys/random.h"
#include "domain/slot.h"
#include "projections/projector.h"

namespace countersign::bench {
namespace {

constexpr std::size_t users_a_chunk = 256;

bus::EmbeddedLogOptions log_options(const std::filesystem::path& directory, const bus::LogIdentity& identity) {
  return {.directory = directory.string(), .identity = identity};
}

domain::Personal person(std::uint64_t number) {
  domain::Personal personal;
  personal.first_name = "First" + std::to_string(number);
  personal.last_name = "Last" + std::to_string(number);
  personal.email = "user" + std::to_string(number) + "@example.com";
  return personal;
}

}  // namespace

template <class Command>
auto Stage::must(commands::Call call, Command command) {
  auto outcome = submitter_->wait(std::move(call), std::move(command));
  if (outcome.settlement.error) throw std::runtime_error("not taken: " + outcome.settlement.error.message());
  if (outcome.refusal) throw std::runtime_error("refused: " + outcome.refusal->detail);
  return *outcome.result;
}

Stage::Stage(const std::filesystem::path& directory, std::size_t works_per_batch,
             std::unique_ptr<bus::PartitionLog> log)
    : log_(std::move(log)) {
  const auto write_buffers = std::make_shared<rocksdb::WriteBufferManager>(384u << 20);
  keys_ = keys::KeyStore::open(directory / "keys", keys::create_master_key(directory / "master-key"),
                               keys::KeyStore::Mode::create_if_missing, {.write_buffers = write_buffers});
  lookup_ = std::make_unique<keys::Lookup>(keys_->cluster().lookup.key);
  identity_ = keys::log_identity(*keys_);
  log_options_ = log_options(directory / "log", identity_);
  log_options_.write_buffers = write_buffers;
  const bool shared = log_ != nullptr;
  if (!shared) open_embedded();
  views_ = std::make_unique<projections::Views>(
      projections::ViewOptions{.directory = (directory / "views").string(), .write_buffers = write_buffers});
  published_ = std::make_unique<commands::Published>(*views_);
  decider_ = std::make_unique<commands::CommandDecider>(*published_, *keys_, refusals_);
  projector_ = std::make_unique<projections::Projector>(*views_);
  bus::PartitionLimits limits;
  limits.sequencer.works_per_batch = works_per_batch;
  limits.sequencer.confirm_unwritten = shared;
  bus::PartitionEnvironment environment{
      .log = *log_,
      .decider = *decider_,
      .identity = identity_,
      .log_key = std::string(log_key()),
      .node = "bench",
      .address = "",
      .clock = [] { return bus::TimeMs{wall_clock()}; },
      .random = keys::random_fill,
      .fold = [this](const auto& record) { projector_->apply(*record.frame(), record.after); },
      .folded = [this](const auto& state) { projector_->finish(state); },
      .position = [this] { return views_->position(); }};
  partition_ = std::make_unique<bus::RunningPartition>(std::move(environment), limits);
  partitions_ = std::make_unique<commands::Partitions>(std::vector{&**partition_});
  submitter_ = std::make_unique<commands::Submitter>(*partitions_);
  if (!partition_->own()) throw std::runtime_error("the log can't be claimed: " + (*partition_)->status().trouble);

  commands::Call root;
  root.context.account = domain::system_account();
  root.context.actor.kind = domain::PartyKind::root;
  root.context.role = domain::Role::root;
  account_ = commands::draw_account(wall_clock());
  admin_ = keys::random_id<domain::ApiKeyId>(wall_clock());
  slot_ = domain::slot_of(account_);
  if (keys_->create_account_key(domain::system_account()) || keys_->create_account_key(account_))
    throw std::runtime_error("account keys can't be stored");
  must(root, domain::CreateSystemAccount{});
  const auto secret = commands::draw_secret(*lookup_, domain::BearerKind::api_key, slot_);
  must(root, domain::CreateAccount{"Bench", {account_}, {{admin_, secret.digest}}});
}

Stage::~Stage() = default;

commands::Call Stage::admin_call(bus::Lane lane) const {
  commands::Call call;
  call.context.account = account_;
  call.context.actor = domain::party(admin_);
  call.context.role = domain::Role::admin;
  call.context.ip = "127.0.0.1";
  call.lane = lane;
  return call;
}

commands::Call Stage::redeem_call() const {
  commands::Call call;
  call.context.actor.kind = domain::PartyKind::source;
  call.context.correlation = keys::random_uuid(wall_clock());
  call.context.ip = "203.0.113.7";
  call.context.ip_digest = std::array<std::uint8_t, 16>{1, 2, 3};
  call.context.user_agent = "countersign-bench";
  return call;
}

std::vector<domain::RedeemCode> Stage::add_users(std::size_t count) {
  std::vector<domain::RedeemCode> redeems;
  redeems.reserve(count);
  for (std::size_t done = 0; done < count;) {
    const auto now = wall_clock();
    domain::ImportUsers import;
    std::vector<domain::UserId> ids;
    for (std::size_t i = 0; i < users_a_chunk && done + i < count; ++i) {
      ids.push_back(keys::random_id<domain::UserId>(now));
      import.rows.push_back({ids.back(), commands::make_profile(*lookup_, account_, person(++users_), false), users_});
    }
    done += ids.size();
    if (keys_->create_subject_keys(account_, ids)) throw std::runtime_error("the users' keys can't be stored");
    must(admin_call(), std::move(import));
    auto drawn = commands::draw_codes(*lookup_, slot_, ids.size(), now);
    must(admin_call(), domain::GenerateForNewUsers{{}, ids, drawn});
    for (const auto& code : drawn) {
      domain::Personal device;
      device.device_name = "Phone";
      device.device_platform = "android";
      const auto token = commands::draw_secret(*lookup_, domain::BearerKind::access_token, slot_);
      redeems.push_back({code.digest, slot_, {keys::random_uuid(now), token.digest, std::move(device)}});
    }
  }
  return redeems;
}

void Stage::redeem_all(std::vector<domain::RedeemCode> redeems) {
  std::vector<std::future<commands::Outcome<domain::Activated>>> waiting;
  for (auto& redeem : redeems) {
    waiting.push_back(submitter_->begin(redeem_call(), std::move(redeem)));
    if (waiting.size() < 4096) continue;
    for (auto& each : waiting) each.get();
    waiting.clear();
  }
  for (auto& each : waiting) each.get();
}

std::vector<std::string> Stage::records(bus::Offset from, bus::Offset until) {
  std::vector<std::string> out;
  while (from < until) {
    const auto read = log_->read(from, 4 << 20);
    if (read.has_error() || read->empty()) throw std::runtime_error("the log can't be read");
    for (const auto& record : *read) {
      if (record.offset >= until) return out;
      out.push_back(record.bytes);
      from = bus::Offset{bus::value(record.offset) + 1};
    }
  }
  return out;
}

std::unique_ptr<bus::EmbeddedLog> Stage::copy_log_to(const std::filesystem::path& directory) const {
  std::filesystem::remove_all(directory);
  if (embedded_->checkpoint_to(directory.string()).has_error()) throw std::runtime_error("the log can't be copied");
  return std::make_unique<bus::EmbeddedLog>(log_options(directory, identity_));
}

void Stage::stop() {
  if (!partition_) return;
  partition_->stop();
  submitter_.reset();
  partitions_.reset();
  partition_.reset();
  // As a start finds it: in tables, not in the memory of who wrote it.
  log_.reset();
  open_embedded();
}

void Stage::open_embedded() {
  auto log = std::make_unique<bus::EmbeddedLog>(log_options_);
  embedded_ = log.get();
  log_ = std::move(log);
}

std::string Stage::fingerprint_of_views() const {
  return projections::fingerprint(*views_);
}

}  // namespace countersign::bench
