#include "tools/countersignd/node.h"

#include <rocksdb/write_buffer_manager.h>

#include <chrono>
#include <fstream>
#include <future>

#include "adapters/commands/draw.h"
#include "adapters/keys/master_rotation.h"
#include "adapters/keys/random.h"
#include "bus/format.h"
#include "domain/record.h"
#include "tools/countersignd/backup.h"
#include "tools/countersignd/key_audit.h"
#include "tools/countersignd/node_api.h"
#include "tools/countersignd/openapi.h"
#include "tools/countersignd/recovery.h"
#include "tools/countersignd/rotation_report.h"

namespace countersign::server {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t write_buffer_bytes = 384u << 20;
constexpr auto drain_grace = std::chrono::seconds(10);

template <class Outcome>
std::string why(const Outcome& outcome) {
  return outcome.refusal ? outcome.refusal->detail : outcome.settlement.error.message();
}
}  // namespace

domain::UnixMs wall_clock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Node::Node(const Settings& settings, Log& log)
    : settings_(settings), log_(log), directory_(settings.data_dir), egress_(settings.egress_allow) {
  write_buffers_ = std::make_shared<rocksdb::WriteBufferManager>(write_buffer_bytes);
  // What can't be used is found before the log is claimed.
  if (!settings_.tls_certificate.empty())
    certificate_ = std::make_shared<http::TlsCertificate>(settings_.tls_certificate, settings_.tls_key);
  if (settings_.bus == "kafka")
    open_kafka();
  else
    open_embedded();
  opener_ = std::make_unique<queries::SealOpener>(*keys_);
  locations_ =
      std::make_unique<location::LocationDatabases>(settings_.location_city_database, settings_.location_asn_database);
  published_ = std::make_unique<commands::Published>(*views_);
  segments_ = std::make_unique<projections::SegmentStore>(directory_.index().string(), write_buffers_);
  event_index_ = std::make_unique<projections::EventIndex>(
      *views_, *segments_, projections::EventIndexOptions{.memory_bytes = settings_.index_memory_mib << 20});
  event_index_->start();
  start_partitions();
  if (embedded_) own_embedded();
  if (!settings_.restore_from.empty()) begin_epoch();
  serve();
}

Node::~Node() {
  stop();
}

void Node::open_embedded() {
  if (!settings_.restore_from.empty())
    restore_files(settings_, directory_);
  else
    refuse_half_restored(directory_);
  root_key_ = directory_.root_key(settings_, root_key_origin_);
  const auto mode =
      directory_.has_log() ? keys::KeyStore::Mode::open_existing : keys::KeyStore::Mode::create_if_missing;
  keys_ = keys::open_with_master_file(directory_.keys(), directory_.master_key_file(settings_), mode,
                                      {.write_buffers = write_buffers_});
  lookup_ = std::make_unique<keys::Lookup>(keys_->cluster().lookup.key);
  identity_ = identity_of(*keys_);
  embedded_ =
      std::make_unique<bus::EmbeddedLog>(bus::EmbeddedLogOptions{.directory = directory_.log().string(),
                                                                 .anchor_mirror = settings_.anchor_mirror,
                                                                 .identity = identity_,
                                                                 .reserve_bytes = settings_.disk_reserve_mib << 20,
                                                                 .write_buffers = write_buffers_});
  open_views();
  recovered_ = recover({*embedded_, *keys_, *views_, identity_, directory_.log(), directory_.keys()}, log_);
}

void Node::open_views() {
  const projections::ViewOptions options{.directory = directory_.views().string(), .write_buffers = write_buffers_};
  try {
    views_ = std::make_unique<projections::Views>(options);
  } catch (const std::exception& error) {
    // Views follow from the log: what can't be read is folded again.
    log_.write(LogLevel::warning, "the views can't be used and are built again", {{"reason", error.what()}});
    fs::remove_all(directory_.views());
    if (kafka_) begin_from_peer();
    views_ = std::make_unique<projections::Views>(options);
  }
}

commands::Call Node::system_call() const {
  commands::Call call;
  call.context.account = domain::system_account();
  call.context.actor.kind = domain::PartyKind::system;
  return call;
}

std::unique_ptr<ServedPartition> Node::serve_partition(bus::PartitionLog& log, std::uint32_t number) {
  bus::PartitionLimits limits;
  limits.sequencer.queue.interactive = settings_.queue;
  limits.sequencer.confirm_unwritten = kafka_ != nullptr;
  PartitionParts parts{.views = *views_,
                       .published = *published_,
                       .keys = *keys_,
                       .refusals = refusals_,
                       .node = settings_.node_id,
                       .address = settings_.advertise};
  if (!locations_->empty()) parts.locate = [this](const std::string& address) { return locations_->locate(address); };
  if (kafka_) {
    parts.on_erased = [this](auto account, auto user) { steward_->erased(account, user); };
    parts.on_deleted = [this](auto account, auto authenticator) { steward_->deleted(account, authenticator); };
  }
  bus::LogIdentity identity = identity_;
  identity.partition = number;
  return std::make_unique<ServedPartition>(parts, log, identity, limits);
}

void Node::start_partitions() {
  if (embedded_) served_.push_back(serve_partition(*embedded_, 0));
  for (std::uint32_t n = 0; kafka_ && n < kafka_->partitions(); ++n)
    served_.push_back(serve_partition(kafka_->log(n), n));
  std::vector<bus::Partition*> by_number;
  for (const auto& served : served_) by_number.push_back(&**served);
  partitions_ = std::make_unique<commands::Partitions>(std::move(by_number), kafka_ != nullptr);
  submitter_ = std::make_unique<commands::Submitter>(*partitions_);
  steward_ = std::make_unique<Steward>(*partitions_, *submitter_, *keys_, settings_.node_id, kafka_ != nullptr, log_);
  for (std::size_t n = 0; kafka_ && n < served_.size(); ++n) (*served_[n])->start();
}

void Node::own_embedded() {
  if (!served_.front()->running().own())
    throw StartRefused("the log in " + directory_.log().string() + " can't be claimed: " + ended());
  if (const auto error = keys_->create_account_key(domain::system_account()))
    throw StartRefused("the key store in " + directory_.keys().string() +
                       ": the system account's key can't be stored: " + error.message());
  const auto created = submitter_->wait(system_call(), domain::CreateSystemAccount{});
  if (!created.ok())
    throw StartRefused("the log in " + directory_.log().string() +
                       " takes no records: " + created.settlement.error.message() + " " + ended());
  submitter_->wait(system_call(),
                   domain::RecordServer{domain::EventType::server_started, bus::this_release(), settings_.node_id});
  // There is no other node that might have to read on.
  if ((*served_.front())->status().sequencer.format < bus::newest_format())
    submitter_->wait(system_call(),
                     domain::RecordServer{domain::EventType::log_upgraded, bus::this_release(), settings_.node_id});
  report_rotations({*keys_, *views_, *submitter_, system_call(), settings_.node_id}, log_);
}

/// Erasures that the backup doesn't know of, in its log too: before anything else, while the people's keys are there.
void Node::erase_again() {
  const auto erasures = read_erasures(settings_, *keys_);
  const auto submit = [&](domain::AccountId account, auto command) {
    auto call = system_call();
    call.context.account = account;
    const auto outcome = submitter_->wait(std::move(call), std::move(command));
    if (!outcome.ok()) throw StartRefused("erasures can't be applied: " + why(outcome));
  };
  for (const auto& [account, user] : erasures) {
    if (!published_->reader().user(account, user)) continue;  // made after the backup
    submit(account, domain::SetUserDisabled{user, true});
    submit(account, domain::EraseUser{user});
  }
  if (const auto error = keys_->erase_subjects(erasures))
    throw StartRefused("erasures can't be applied: " + error.message());
}

void Node::begin_epoch() {
  if (!settings_.restore_erasures.empty()) erase_again();
  std::uint64_t codes_revoked = 0;
  constexpr std::size_t events_a_chunk = 256;  // a user with very many devices fills a chunk by himself: 650 at most
  std::map<domain::AccountId, std::pair<std::vector<domain::UserId>, std::size_t>> users;
  const std::string prefix(1, static_cast<char>(projections::Table::users));
  const auto submit = [&](domain::AccountId account, std::vector<domain::UserId>& chunk) {
    auto call = system_call();
    call.context.account = account;
    const auto outcome = submitter_->wait(std::move(call), domain::BeginEpoch{chunk, settings_.restore_keep_tokens});
    if (!outcome.ok()) throw StartRefused("the new epoch can't be begun: " + why(outcome));
    codes_revoked += outcome.result->codes_revoked;
    chunk.clear();
  };
  views_->scan(prefix, prefix, [&](std::string_view key, std::string_view row) {
    const auto user = projections::decode_user(row);
    const domain::AccountId account{domain::uuid_from(key.substr(1))};
    if (user.codes.empty() && user.activations.empty() && user.authenticators.empty()) return true;
    // An event for a code, two for a connection, one for an authenticator.
    const auto events = user.codes.size() + 2 * (user.activations.size() + user.authenticators.size());
    auto& [chunk, chunk_events] = users[account];
    if (chunk_events + events > events_a_chunk && !chunk.empty()) {
      submit(account, chunk);
      chunk_events = 0;
    }
    chunk.push_back(user.id);
    chunk_events += events;
    return true;
  });
  for (auto& [account, chunk] : users)
    if (!chunk.first.empty()) submit(account, chunk.first);
  submitter_->wait(system_call(),
                   domain::RecordRestore{bus::value(recovered_.last), codes_revoked, settings_.restore_keep_tokens});
  restore_ended(directory_);
  log_.write(LogLevel::warning, "restored from a backup: a new epoch has begun",
             {{"codes_revoked", std::to_string(codes_revoked)}});
}

void Node::serve() {
  limits_ = std::make_unique<commands::AttemptLimits>(
      commands::AttemptLimitSettings{static_cast<std::uint32_t>(settings_.redeem_failures_per_source),
                                     static_cast<std::uint32_t>(settings_.redeem_failures_per_account)});
  const auto warn = [this](std::string_view text) { log_.write(LogLevel::warning, text); };
  const auto deleted = [this](auto account, auto authenticator) { steward_->deleted(account, authenticator); };
  const auto wait_landed = [this](domain::AccountId account) {
    std::promise<void> landed;
    auto& partition = partitions_->of(account);
    partition.when_landed(partition.durable_frame(), [&](auto&&...) { landed.set_value(); });
    landed.get_future().wait();
  };
  operations_ = std::make_unique<operations::Operations>(
      operations::OperationPorts{*submitter_, *published_, *views_, *keys_, *lookup_, *opener_,
                                 [this] { return now(); }, warn, wait_landed,
                                 [this](std::size_t bytes) { return has_space(bytes); },
                                 [this](auto account, auto user) { names_.forget(account, user); }, deleted},
      directory_.operations());
  open_outlets();
  upkeep_ = std::make_unique<commands::Upkeep>(
      *submitter_, *views_, refusals_, read_log_, activity_, [this] { return now(); }, warn, deleted);

  http::StatusPorts ports{
      .not_ready = [this] { return not_ready(); },
      .metrics =
          [this] {
            return metrics_->text(*partitions_, *views_, server_->connection_count(), *outbox_, exporter_->statuses(),
                                  publisher_ ? publisher_->statuses() : std::vector<audit_topic::PublicationStatus>{});
          },
      .backup = [this](const fs::path& directory) { return backup(directory); },
      .openapi = std::string(openapi_document())};
  api_ = std::make_unique<Api>(*this, commands::digest_of(*lookup_, domain::BearerKind::root_key, root_key_),
                               std::move(ports),
                               http::ClusterPorts{settings_.node_id, settings_.bus, [this] { return nodes(); }});
  auto routes = api_->routes(*operations_, read_log_);
  if (kafka_) routes = serve_cluster(std::move(routes));
  metrics_ = std::make_unique<Metrics>(routes);

  const auto listen = parse_listen(settings_.listen);
  http::ServerOptions options;
  options.listen.push_back({listen.host, listen.port});
  options.threads = static_cast<unsigned>(settings_.threads);
  options.limits.max_connections = settings_.max_connections;
  options.limits.header_timeout = std::chrono::milliseconds(settings_.header_timeout_ms);
  options.limits.idle_timeout = std::chrono::milliseconds(settings_.idle_timeout_ms);
  options.limits.body_idle_timeout = std::chrono::milliseconds(settings_.body_idle_timeout_ms);
  options.trusted_proxies = http::TrustedProxies(settings_.trusted_proxies);
  options.hooks.admit = [this](http::Exchange& exchange) -> std::optional<http::Response> {
    if (auto problem = api_->authentication.admit(exchange)) return exchange.problem(*problem);
    return std::nullopt;
  };
  options.hooks.on_answered = [this](const http::AccessRecord& record) {
    metrics_->answered(record);
    if (!log_.writes(LogLevel::debug)) return;
    log_.write(LogLevel::debug, "answered",
               {{"method", std::string(text_of(record.verb))},
                {"route", record.route ? record.route->path : "-"},
                {"status", std::to_string(record.status)},
                {"microseconds", std::to_string(record.duration.count())},
                {"client", record.client.to_string()},
                {"reference", std::string(record.correlation_id)}});
  };
  options.hooks.on_failure = [this](std::string_view reference, const http::Route& route, std::string_view what) {
    log_.write(LogLevel::error, "a handler failed",
               {{"route", route.path}, {"reference", std::string(reference)}, {"what", std::string(what)}});
  };
  if (certificate_) options.tls = [this] { return certificate_->current(); };
  http::raise_open_file_limit();
  server_ = std::make_unique<http::Server>(std::move(routes), std::move(options));
  try {
    start();
  } catch (...) {
    stop();  // what has been started uses what would be destroyed first
    throw;
  }
  if (!kafka_)
    key_audit_ = std::jthread([this](const std::stop_token& stop) { audit_keys(*keys_, *views_, log_, stop); });
  const auto endpoint = server_->endpoints().front();
  url_ = (certificate_ ? "https://" : "http://") +
         (endpoint.address().is_v6() ? "[" + endpoint.address().to_string() + "]" : endpoint.address().to_string()) +
         ":" + std::to_string(endpoint.port());
}

void Node::start() {
  operations_->start();
  upkeep_->start();
  notary_->start();
  exporter_->start();
  outbox_->start();
  steward_->start();
  if (kafka_) {
    cluster_server_->start();
    telling_->start();
    publisher_->start();
  }
  server_->start();
  if (kafka_) kafka_->share_out(*partitions_);
}

void Node::reload_files() {
  const auto note = [this](const std::string& what, const std::optional<std::string>& failure) {
    if (failure)
      log_.write(LogLevel::error, what + " could not be read again: the old one stays", {{"reason", *failure}});
    else
      log_.write(LogLevel::info, what + " read again");
  };
  if (certificate_) note("certificate", certificate_->reload());
  if (!locations_->empty()) note("location databases", locations_->reload());
}

/// What is judged by time outside a decision never falls behind what was decided.
domain::UnixMs Node::now() const {
  auto newest = wall_clock();
  for (const auto* partition : *partitions_) newest = std::max(newest, bus::value(partition->last_accepted_time()));
  return newest;
}

std::string Node::ended() const {
  for (const auto* partition : *partitions_) {
    const auto status = partition->status();
    const auto which = kafka_ ? "partition " + std::to_string(partition->identity().partition) : "the partition";
    if (status.role == bus::PartitionRole::failed) return which + " has stopped: " + status.trouble;
    if (embedded_ && status.role != bus::PartitionRole::owning) return "another node has claimed the partition";
  }
  return {};
}

std::string Node::not_ready() const {
  if (auto why = ended(); !why.empty()) return why;
  if (kafka_) return not_current();
  for (const auto* partition : *partitions_) {
    const auto behind = bus::value(partition->last_accepted_time()) - wall_clock();
    if (behind > bus::SequencerLimits{}.max_clock_skew.count())
      return "this machine's clock is " + std::to_string(behind) + " ms behind the log's newest frame";
    const auto phase = partition->status().sequencer.phase;
    if (phase != bus::SequencerPhase::serving && phase != bus::SequencerPhase::resolving)
      return "the log is being claimed";
  }
  return {};
}

std::string Node::backup(const fs::path& directory) {
  if (!embedded_) return "The log is on Kafka, and its topics are what is to be backed up.";
  return write_backup(
      {*embedded_, *keys_, directory_.heads(), identity_, partitions_->at(0).durable_frame(), wall_clock()}, directory);
}

/// In every partition that is still this node's, in all of them at once: a log that doesn't answer is waited for once.
void Node::note_stop() {
  std::vector<std::future<commands::Outcome<domain::Done>>> noted;
  for (const auto& served : served_) {
    if (!(*served)->owns()) continue;
    auto call = system_call();
    call.context.account = domain::system_account((*served)->identity().partition);
    noted.push_back(submitter_->begin(std::move(call), domain::RecordServer{domain::EventType::server_stopped,
                                                                            bus::this_release(), settings_.node_id}));
  }
  for (auto& each : noted) each.wait();
}

void Node::stop() {
  if (std::exchange(stopped_, true)) return;
  key_audit_.request_stop();
  if (outbox_) outbox_->stop();  // while what becomes of messages can be written here
  if (kafka_ && partitions_) hand_over();
  if (server_) server_->stop(drain_grace);
  if (cluster_server_) cluster_server_->stop(drain_grace);
  if (steward_) steward_->stop();
  if (snapshots_) snapshots_->stop();
  if (api_) api_->stop();  // its jobs post to the connections' threads, which go first
  if (operations_) operations_->stop();
  if (exporter_) exporter_->stop();
  if (publisher_) publisher_->stop();
  if (upkeep_) upkeep_->stop();
  if (telling_) telling_->stop();  // what could not be written here any more
  if (notary_) notary_->stop();
  if (!partitions_) return;
  if (!kafka_) note_stop();
  for (const auto& served : served_) served->running().stop();
  if (key_audit_.joinable()) key_audit_.join();
  views_->flush();
}

}  // namespace countersign::server
