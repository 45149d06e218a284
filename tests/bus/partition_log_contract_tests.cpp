// The contract on the adapters that need nothing beside the program.

#include "tests/bus/partition_log_contract.h"

#include "bus/embedded_log.h"
#include "bus/memory_log.h"
#include "tests/support/scratch_directory.h"

namespace countersign::bus {
namespace {

class MemoryHome : public Home {
 public:
  std::unique_ptr<PartitionLog> open() override { return std::make_unique<MemoryLog>(partition_); }

 private:
  std::shared_ptr<MemoryPartition> partition_ = std::make_shared<MemoryPartition>();
};

class EmbeddedHome : public Home {
 public:
  std::unique_ptr<PartitionLog> open() override {
    EmbeddedLogOptions options;
    options.directory = directory_ / "log";
    options.identity = testing::test_identity();
    return std::make_unique<EmbeddedLog>(options);
  }

 private:
  testing::ScratchDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Adapters, PartitionLogContract,
                         ::testing::Values(Adapter{"memory", [] { return std::make_unique<MemoryHome>(); }},
                                           Adapter{"embedded", [] { return std::make_unique<EmbeddedHome>(); }}),
                         [](const auto& adapter) { return adapter.param.name; });

}  // namespace
}  // namespace countersign::bus
