#include "tools/replay/cluster_source.h"

#include "adapters/keys/log_identity.h"
#include "adapters/keys/master_rotation.h"
#include "bus/kafka_log.h"
#include "bus/kafka_table.h"
#include "bus/kafka_topics.h"

namespace countersign::replay {
namespace {

class ReadOnlyLog final : public bus::PartitionLog {
 public:
  explicit ReadOnlyLog(std::unique_ptr<bus::PartitionLog> log) : log_(std::move(log)) {}
  void append(std::string, AppendHandler handler) override {
    handler({bus::AppendOutcome::not_written, {}, bus::errc::read_only});
  }
  boost::system::result<std::vector<bus::LogRecord>> read(bus::Offset from, std::size_t max_bytes) override {
    return log_->read(from, max_bytes);
  }
  boost::system::result<bus::Offset> end() override { return log_->end(); }

 private:
  std::unique_ptr<bus::PartitionLog> log_;
};

class ReadOnlyTable final : public bus::SharedTable {
 public:
  explicit ReadOnlyTable(std::shared_ptr<bus::SharedTable> table) : table_(std::move(table)) {}
  boost::system::result<bus::Offset> put(std::span<const bus::TableRow>) override { return bus::errc::read_only; }
  boost::system::result<bus::Offset> read(bus::Offset from, const Apply& apply) override {
    return table_->read(from, apply);
  }
  void follow(bus::Offset from, Apply apply) override { table_->follow(from, std::move(apply)); }
  void stop() override { table_->stop(); }
  bool caught_up(std::chrono::milliseconds within) override { return table_->caught_up(within); }
  bus::Offset position() const override { return table_->position(); }

 private:
  std::shared_ptr<bus::SharedTable> table_;
};

}  // namespace

bus::KafkaOptions KafkaPlace::options(const std::string& topic) const {
  bus::KafkaOptions options;
  options.brokers = brokers;
  options.topic = prefix + "." + topic;
  options.on_problem = on_problem;
  options.properties = bus::kafka_properties(properties, properties_file);
  return options;
}

ClusterSource::ClusterSource(Logs logs, std::shared_ptr<bus::SharedTable> keys,
                             const std::filesystem::path& master_key_file)
    : master_key_file_(master_key_file) {
  for (auto& log : logs) logs_.push_back(std::make_unique<ReadOnlyLog>(std::move(log)));
  keys_ =
      keys::open_with_master_file(scratch_.path() / "keys", master_key_file, keys::KeyStore::Mode::create_if_missing,
                                  {.topic = std::make_shared<ReadOnlyTable>(std::move(keys))});
}

ClusterSource::~ClusterSource() = default;

std::shared_ptr<ClusterSource> ClusterSource::on_kafka(const KafkaPlace& place,
                                                       const std::filesystem::path& master_key_file) {
  const auto partitions = bus::partition_count(place.options("log"));
  if (partitions == 0)
    throw std::runtime_error("there is no topic '" + place.options("log").topic + "' on " + place.brokers);
  const auto reader = std::make_shared<bus::KafkaReader>(place.options("log"));
  Logs logs;
  for (int n = 0; n < partitions; ++n) logs.push_back(std::make_unique<bus::KafkaLog>(reader, n));
  return std::make_shared<ClusterSource>(std::move(logs), std::make_shared<bus::KafkaTable>(place.options("keys")),
                                         master_key_file);
}

bus::LogIdentity ClusterSource::identity(std::uint32_t partition) const {
  auto identity = keys::log_identity(*keys_);
  identity.partition = partition;
  return identity;
}

}  // namespace countersign::replay
