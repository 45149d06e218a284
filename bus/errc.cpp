#include "bus/errc.h"

#include <string>

namespace countersign::bus {
namespace {

const char* text(errc e) {
  switch (e) {
    case errc::queue_full: return "the queue of commands is full; try again later";
    case errc::outcome_unknown:
      return "the log did not say whether the command was written; ask again with the same key";
    case errc::no_space: return "the log's disk is below its reserve; nothing was written; free some space";
    case errc::stopping: return "the server is stopping; nothing was written";
    case errc::not_owner: return "another node owns the partition; nothing was written";
    case errc::unavailable: return "the log takes no records at the moment; nothing was written";
    case errc::newer_format: return "the log or its anchor is of a newer format; install a newer release";
    case errc::damaged: return "not a whole record of a Countersign log";
    case errc::forged: return "the record's HMAC does not fit the log key";
    case errc::wrong_cluster: return "the log or the record belongs to another cluster";
    case errc::wrong_partition: return "the log or the record belongs to another partition";
    case errc::too_large: return "the record is larger than 900,000 bytes";
    case errc::io_error: return "the log's disk or broker reports an error";
    case errc::corrupt: return "the log's files contradict themselves";
    case errc::in_use: return "the log is open in another process";
    case errc::anchor_missing: return "the log's anchor file is missing";
    case errc::log_missing: return "the log is missing beside its anchor file";
    case errc::below_anchor: return "the log lacks records that were acknowledged";
    case errc::read_only: return "the log was opened for reading only";
    case errc::unreachable:
      return "no broker of the log answers in time; check kafka_brokers, the network and the brokers";
    case errc::unknown_topic: return "the brokers have no such topic or partition; create the topics";
    case errc::not_permitted: return "the brokers refuse this user; check its credentials and its rights on the topic";
    case errc::records_deleted:
      return "the brokers have deleted records at the beginning of the log; its topic must keep them for ever";
    case errc::truncated: return "the log ends before a place that it had reached; records were lost at the brokers";
  }
  return "unknown error of the bus";
}

// Boost's categories are never destroyed through the base, whose destructor is therefore not virtual.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class BusCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "countersign.bus"; }
  std::string message(int value) const override { return text(static_cast<errc>(value)); }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& bus_category() noexcept {
  static const BusCategory category;
  return category;
}

}  // namespace countersign::bus
