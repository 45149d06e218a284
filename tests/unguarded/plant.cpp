// Linked into countersignd-unguarded only: an owner that takes its frames for accepted wherever they stand in the log,
// also behind another node's claim. The judge of histories must reject what clients are answered then.

#include "bus/planted.h"

namespace countersign::bus {
namespace {

[[maybe_unused]] const bool is_planted = [] {
  planted_bug = Bug::trust_any_offset;
  return true;
}();

}  // namespace
}  // namespace countersign::bus
