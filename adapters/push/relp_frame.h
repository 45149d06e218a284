#pragma once
// Frames of RELP, the Reliable Event Logging Protocol, version 0 (rsyslog's relp.html):
//
//   TXNR SP COMMAND SP DATALEN [SP DATA] LF
//
// TXNR numbers a session's commands from 1 to 999,999,999 and then from 1 again; 0 is a hint that nobody answers. An
// answer is a frame with the command "rsp" and the number of what it answers; its data begins with a status of three
// digits.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::push {

inline constexpr std::uint32_t last_relp_number = 999'999'999;

struct RelpFrame {
  std::uint32_t number = 0;
  std::string command, data;
};

void append_relp_frame(std::string& to, std::uint32_t number, std::string_view command, std::string_view data);

/// Takes bytes as they come and gives frames.
class RelpReader {
 public:
  /// Answers have at most this much data.
  static constexpr std::size_t most_data = 64 * 1024;

  void add(std::string_view bytes) { buffer_.append(bytes); }
  enum class State { frame, more, broken };
  /// frame: `next` is set. broken: what came isn't RELP, and nothing more can be read.
  State read(RelpFrame& next);

 private:
  std::string buffer_;
};

/// 200 of "200 OK"; nothing when it begins otherwise.
std::optional<unsigned> relp_status(std::string_view data);

}  // namespace countersign::push
