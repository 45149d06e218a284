// The second half of an erasure: user.erased is durable, now the person's key is destroyed. That is tried until it is
// done: what was promised can't be taken back.

#include <stdexcept>

#include "adapters/operations/run.h"

namespace countersign::operations {

Run::Ended Run::erase_user() {
  operation_.total = 1;
  ports_.wait_landed(operation_.account);
  if (ports_.state.reader().user(operation_.account, operation_.user))
    throw std::runtime_error("the user is still there");
  if (const auto error = ports_.keys.erase_subject(operation_.account, operation_.user))
    return failed_for_now("the user's key can't be destroyed: " + error.message());
  if (ports_.forget) ports_.forget(operation_.account, operation_.user);
  operation_.done = 1;
  return Ended::finished;
}

}  // namespace countersign::operations
