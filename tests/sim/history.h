#pragma once
// What a log's records mean, worked out a second time and as plainly as possible: the judge over the sequencer and over
// everything that reads with bus/acceptance.

#include <optional>
#include <string>
#include <vector>

#include "bus/frame_reader.h"
#include "tests/support/registers_decider.h"

namespace countersign::sim {

struct HistoricFrame {
  std::uint64_t number;
  std::uint64_t term;
  std::int64_t time;
  std::vector<std::string> events;
  std::vector<std::string> answers;
};

struct History {
  std::vector<HistoricFrame> frames;         ///< releases are frames without contents
  std::vector<bus::AcceptanceState> states;  ///< after each record, whether it counts or not
  bus::AcceptanceState state;
  std::string wrong;  ///< what no history may hold; empty: nothing

  /// The frame that holds the event of a command; nothing if none does.
  std::optional<std::uint64_t> frame_of(const std::string& command_id) const;
  /// Whether a row had `value` somewhere between the frame before `number` and `number`, both ends included.
  bool had_value(const std::string& row, const std::string& value, std::uint64_t number) const;
  testing::Rows fold(std::uint64_t up_to) const;
};

History read_history(const std::vector<bus::LogRecord>& records, const bus::LogIdentity& identity,
                     const std::string& log_key);

}  // namespace countersign::sim
