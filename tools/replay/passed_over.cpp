#include "tools/replay/passed_over.h"

namespace countersign::replay {
namespace {

bool is_superseded(bus::Ignored reason) {
  return reason == bus::Ignored::stale_claim || reason == bus::Ignored::wrong_term ||
         reason == bus::Ignored::wrong_nonce;
}

bool breaks_the_chain(const Step& step) {
  if (*step.ignored != bus::Ignored::wrong_number && *step.ignored != bus::Ignored::wrong_head) return false;
  const auto chain = bus::peek_chain_place(step.at.bytes);
  return !chain || chain->number > step.after.last;
}

std::string why(const Step& step) {
  return "does not count: " + std::string(bus::name(*step.ignored)) + " (after frame " +
         std::to_string(bus::value(step.after.last)) + ")";
}

}  // namespace

std::string PassedOver::take(const Step& step) {
  if (!step.ignored) {
    // A claim says nothing of what was accepted before it.
    if (step.record && !std::holds_alternative<bus::Claim>(*step.record)) {
      superseded_ += waiting_;
      waiting_ = 0;
      unproven_.clear();
    }
    return {};
  }
  if (is_superseded(*step.ignored)) {
    ++superseded_;
  } else if (!others_may_write_) {
    return why(step);
  } else if (!breaks_the_chain(step)) {
    ++noise_;
  } else {
    ++waiting_;
    if (unproven_.empty())
      unproven_ = "the record at offset " + std::to_string(bus::value(step.at.offset)) + " " + why(step) +
                  ", and nothing goes on from that frame";
  }
  return {};
}

}  // namespace countersign::replay
