#pragma once
// The bus folder's own errors. A message says what is wrong and, where someone can change it, what to do.

#include <boost/system/error_code.hpp>
#include <type_traits>

namespace countersign::bus {

enum class errc {
  // How a unit of work may end without an answer (bus/work.h).
  queue_full = 1,   ///< the bounded queue is full: come again later
  outcome_unknown,  ///< its frame may or may not have become part of the log
  no_space,         ///< the log's disk is below its reserve; nothing was written
  stopping,         ///< the sequencer drains or has stopped; nothing was written
  not_owner,        ///< another node has claimed the partition; nothing was written
  unavailable,      ///< the log does not take records, or the partition has stopped; nothing was written
  // What a log or a record may be.
  newer_format,     ///< needs a newer release
  damaged,          ///< not a record of ours, or cut or changed
  forged,           ///< its HMAC does not fit the log key
  wrong_cluster,    ///< belongs to another cluster
  wrong_partition,  ///< belongs to another partition of this cluster
  too_large,        ///< more than max_record_bytes
  io_error,         ///< the disk or the broker reports an error
  corrupt,          ///< the log's own files contradict themselves
  in_use,           ///< another process has the log open
  anchor_missing,   ///< a log without its anchor
  log_missing,      ///< an anchor without its log
  below_anchor,     ///< the log lacks records that were acknowledged
  read_only,        ///< opened for reading only
  // What a broker's log may be.
  unreachable,      ///< no broker answers in time
  unknown_topic,    ///< the brokers have no such topic or partition
  not_permitted,    ///< the brokers refuse this user or this connection
  records_deleted,  ///< records at the log's beginning are gone
  truncated,        ///< the log ends before a place that it had reached
};

const boost::system::error_category& bus_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept {
  return {static_cast<int>(e), bus_category()};
}

}  // namespace countersign::bus

template <>
struct boost::system::is_error_code_enum<countersign::bus::errc> : std::true_type {};
