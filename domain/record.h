#pragma once
// Facts that no rule can refuse: counted refusals, downloads, streams, operations, what the server itself did. They are
// decided like commands so that they stand in the same order on the same log.

#include <string>
#include <vector>

#include "domain/account.h"
#include "domain/decision.h"

namespace countersign::domain {

/// Refusals after the first of their (source, reason), counted until the minute ended.
struct RecordRefusals {
  /// Or api_key_refused, authenticator_verification_refused.
  EventType type = EventType::registration_code_redemption_refused;
  Reason reason = Reason::none;
  std::uint32_t count = 1;
  UnixMs window_start = 0;
  Party subject{};  ///< the API key that was refused, or the user whose one-time password was, if there is one
};
Decision<Done> decide(const State& state, const Context& context, const RecordRefusals& command);

/// The download of open codes, durable before its first byte.
struct RecordDownload {
  std::uint64_t rows = 0;  ///< codes that were open when they were counted, just before
  std::string filter;      ///< the query that chose them; sealed
};
Decision<Done> decide(const State& state, const Context& context, const RecordDownload& command);

struct RecordStream {
  bool ended = false;
  std::string format;
  std::uint64_t events = 0;
};
Decision<Done> decide(const State& state, const Context& context, const RecordStream& command);

/// What was sent to a SIEM destination, counted; also of one that has been deleted meanwhile.
struct RecordExport {
  SiemDestinationId destination;
  std::uint64_t events = 0, up_to = 0;
  UnixMs since = 0;
  std::uint64_t begun_by = 0;  ///< of the beginning that `up_to` belongs to
};
Decision<Done> decide(const State& state, const Context& context, const RecordExport& command);

/// What a key has read of the account's events, counted: pages of the list, answers of facets and histogram, pieces of
/// the Merkle log.
struct RecordReads {
  std::uint64_t lists = 0, facets = 0, histograms = 0, log = 0;
  UnixMs since = 0;
};
Decision<Done> decide(const State& state, const Context& context, const RecordReads& command);

struct RecordOperation {
  OperationId id;
  std::string kind;
  bool finished = false, succeeded = true;
  std::uint64_t total = 0, done = 0, failed = 0;
};
Decision<Done> decide(const State& state, const Context& context, const RecordOperation& command);

/// server_started, server_stopped, master_key_rotated, log_upgraded: in the system account. The frame of the last one
/// raises the log's format to the newest that the writer knows (bus/format.h).
struct RecordServer {
  EventType type = EventType::server_started;
  std::string version, node;
};
Decision<Done> decide(const State& state, const Context& context, const RecordServer& command);

/// One chunk of the new epoch that a restored log begins: open codes are revoked, and tokens and sessions end unless
/// they are to be kept.
struct BeginEpoch {
  std::vector<UserId> users;
  bool keep_tokens = false;
};
struct EpochBegun {
  std::uint64_t codes_revoked = 0, connections_ended = 0;
};
Decision<EpochBegun> decide(const State& state, const Context& context, const BeginEpoch& command);

struct RecordRestore {
  std::uint64_t from_frame = 0, codes_revoked = 0;
  bool tokens_kept = false;
};
Decision<Done> decide(const State& state, const Context& context, const RecordRestore& command);

}  // namespace countersign::domain
