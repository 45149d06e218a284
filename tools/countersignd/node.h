#pragma once
// The composition: everything a server is made of, in the order it is made. Nothing else knows all of its parts.

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "adapters/audit_topic/kafka_audit_topic.h"
#include "adapters/audit_topic/publisher.h"
#include "adapters/cluster/at_owner.h"
#include "adapters/cluster/observation_receiver.h"
#include "adapters/cluster/observation_sender.h"
#include "adapters/cluster/snapshot.h"
#include "adapters/commands/attempt_limits.h"
#include "adapters/commands/upkeep.h"
#include "adapters/exports/exporter.h"
#include "adapters/http/api/routes.h"
#include "adapters/http/server/server.h"
#include "adapters/location/location_databases.h"
#include "adapters/outbox/outbox.h"
#include "adapters/queries/party_names.h"
#include "bus/embedded_log.h"
#include "tools/countersignd/data_directory.h"
#include "tools/countersignd/kafka_parts.h"
#include "tools/countersignd/logging.h"
#include "tools/countersignd/metrics.h"
#include "tools/countersignd/served_partition.h"
#include "tools/countersignd/steward.h"

namespace countersign::server {

class Node {
 public:
  /// Opens everything and serves. Throws StartRefused, keys::StartError, bus::LogRefused or std::runtime_error with a
  /// text for the operator.
  Node(const Settings& settings, Log& log);
  ~Node();

  /// Where it listens, for people: "http://127.0.0.1:8420".
  const std::string& url() const { return url_; }
  const std::string& root_key_origin() const { return root_key_origin_; }
  /// The certificate and the databases of locations: what an operator replaces while the server runs.
  void reload_files();
  /// Why the node has ended by itself; empty while it serves.
  std::string ended() const;
  /// Drains and releases.
  void stop();

 private:
  void open_embedded();
  void open_kafka();
  void open_views();
  void open_outlets();
  void open_notary();
  void open_exporter();
  void open_outbox();
  void open_audit_topic();
  std::optional<std::string> checkpoint_of(domain::AccountId account);
  std::unique_ptr<ServedPartition> serve_partition(bus::PartitionLog& log, std::uint32_t number);
  void start_partitions();
  void own_embedded();
  std::vector<http::ClusterNode> nodes() const;
  void begin_from_peer();
  void hand_over();
  std::vector<http::Route> serve_cluster(std::vector<http::Route> routes);
  void open_observations();
  void begin_epoch();
  void erase_again();
  void serve();
  void start();
  void note_stop();
  bool has_space(std::size_t bytes) const;
  std::string not_current() const;
  std::string backup(const std::filesystem::path& directory);
  std::string not_ready() const;
  commands::Call system_call() const;
  domain::UnixMs now() const;

  const Settings settings_;
  Log& log_;
  DataDirectory directory_;
  std::string root_key_, root_key_origin_, url_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
  std::unique_ptr<keys::KeyStore> keys_;
  std::unique_ptr<keys::Lookup> lookup_;
  bus::LogIdentity identity_;
  std::unique_ptr<KafkaParts> kafka_;  ///< null: the log is embedded
  std::unique_ptr<bus::EmbeddedLog> embedded_;
  std::unique_ptr<projections::Views> views_;
  std::unique_ptr<projections::SegmentStore> segments_;
  std::unique_ptr<projections::EventIndex> event_index_;
  queries::PartyNames names_;
  bus::AcceptanceState recovered_;
  commands::RefusalLog refusals_;
  commands::ReadLog read_log_;
  std::unique_ptr<location::LocationDatabases> locations_;
  std::unique_ptr<commands::Published> published_;
  std::vector<std::unique_ptr<ServedPartition>> served_;
  std::unique_ptr<commands::Partitions> partitions_;
  std::unique_ptr<commands::Submitter> submitter_;
  commands::SessionActivity activity_;
  commands::KeyUse key_use_;
  std::unique_ptr<commands::AttemptLimits> limits_, challenge_limits_;
  std::unique_ptr<commands::Upkeep> upkeep_;
  std::unique_ptr<queries::SealOpener> opener_;
  std::unique_ptr<operations::Operations> operations_;
  std::unique_ptr<projections::TileStore> tiles_;
  std::unique_ptr<projections::AccountTrees> trees_;
  std::unique_ptr<notary::Notary> notary_;
  const push::EgressRules egress_;
  std::unique_ptr<exports::Exporter> exporter_;
  messages::NumberPlan numbers_;
  messages::ReportSettings reports_;
  std::unique_ptr<outbox::Outbox> outbox_;
  std::unique_ptr<audit_topic::KafkaAuditTopic> audit_topic_;
  std::unique_ptr<audit_topic::Publisher> publisher_;  ///< null: the log is embedded
  struct Api;
  std::unique_ptr<Api> api_;
  std::shared_ptr<http::TlsCertificate> certificate_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<cluster::NodeCertificate> node_certificate_;
  std::unique_ptr<cluster::SnapshotSource> snapshots_;
  std::unique_ptr<cluster::ObservationReceiver> observations_;
  std::unique_ptr<cluster::ObservationSender> telling_;
  std::unique_ptr<http::Server> server_, cluster_server_;
  std::unique_ptr<cluster::Forwarder> forwarder_;
  std::unique_ptr<cluster::Cluster> cluster_;
  std::unique_ptr<Steward> steward_;
  std::jthread key_audit_;
  bool stopped_ = false;
};

domain::UnixMs wall_clock();

}  // namespace countersign::server
