#include "bus/background_threads.h"

#include <rocksdb/env.h>

namespace countersign::bus {

void lower_background_threads() {
  using rocksdb::Env;
  for (const auto pool : {Env::Priority::HIGH, Env::Priority::LOW, Env::Priority::BOTTOM})
    Env::Default()->LowerThreadPoolCPUPriority(pool, rocksdb::CpuPriority::kLow).PermitUncheckedError();
}

}  // namespace countersign::bus
