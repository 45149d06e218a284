#pragma once
// The body's framing: content length, or chunked (RFC 9112 section 7.1), strictly: CRLF only, sizes of at most 15
// digits, lines of at most 4 KiB, trailers of at most 16 KiB, which are checked for form and dropped.
//
// Not Beast's: its parser of 1.81 asserts, and so ends the process, when "0 CRLF" and one more byte arrive alone.

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <string_view>

#include "adapters/http/server/read_buffer.h"

namespace countersign::http {

enum class Progress { need_more, done };

class BodyDecoder {
 public:
  void expect_length(std::uint64_t bytes);
  void expect_chunks();
  bool done() const { return state_ == State::done; }

  /// Consumes some bytes and sets piece(), a view into the buffer that may be empty. done: nothing follows that.
  Progress decode(ReadBuffer& buffer, boost::system::error_code& error);
  std::string_view piece() const { return piece_; }

 private:
  enum class State { done, length, chunk_size, chunk_bytes, chunk_end, trailer };
  enum class Line { complete, incomplete, malformed };

  bool step(ReadBuffer& buffer, boost::system::error_code& error);
  Line take_line(ReadBuffer& buffer, std::string_view& line) const;
  bool read_chunk_size(std::string_view line);
  bool check_trailer(std::string_view line);

  State state_ = State::done;
  std::uint64_t remaining_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string_view piece_;
};

}  // namespace countersign::http
