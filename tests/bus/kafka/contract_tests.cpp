// The contract of every partition log, on real brokers.

#include "tests/bus/partition_log_contract.h"
#include "tests/support/kafka_brokers.h"

namespace countersign::bus {
namespace {

class KafkaHome : public Home {
 public:
  std::unique_ptr<PartitionLog> open() override {
    return std::make_unique<KafkaLog>(std::make_shared<KafkaReader>(testing::kafka_options(topic_)), 0);
  }

 private:
  const std::string topic_ = testing::new_topic();
};

INSTANTIATE_TEST_SUITE_P(Kafka, PartitionLogContract,
                         ::testing::Values(Adapter{"kafka", [] { return std::make_unique<KafkaHome>(); }}),
                         [](const auto& adapter) { return adapter.param.name; });

}  // namespace
}  // namespace countersign::bus
