#include "adapters/http/server/body_decoder.h"

#include <algorithm>
#include <charconv>

#include "adapters/http/server/error.h"

namespace countersign::http {
namespace {

constexpr std::size_t max_line_bytes = 4 * 1024, max_trailer_bytes = 16 * 1024, max_size_digits = 15;

bool has_control(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

}  // namespace

void BodyDecoder::expect_length(std::uint64_t bytes) {
  remaining_ = bytes;
  state_ = bytes == 0 ? State::done : State::length;
}

void BodyDecoder::expect_chunks() {
  state_ = State::chunk_size;
}

Progress BodyDecoder::decode(ReadBuffer& buffer, boost::system::error_code& error) {
  piece_ = {};
  while (!done() && !error && piece_.empty()) {
    if (!step(buffer, error)) break;
  }
  return done() || error ? Progress::done : Progress::need_more;
}

// False when more bytes are needed.
bool BodyDecoder::step(ReadBuffer& buffer, boost::system::error_code& error) {
  if (state_ == State::length || state_ == State::chunk_bytes) {
    piece_ =
        buffer.text().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, buffer.text().size())));
    buffer.consume(piece_.size());
    remaining_ -= piece_.size();
    if (remaining_ == 0) state_ = state_ == State::length ? State::done : State::chunk_end;
    return !piece_.empty();
  }
  std::string_view line;
  switch (take_line(buffer, line)) {
    case Line::incomplete: return false;
    case Line::malformed: error = errc::malformed_request; return false;
    case Line::complete: break;
  }
  bool ok = true;
  if (state_ == State::chunk_end) {
    ok = line.empty();
    state_ = State::chunk_size;
  } else if (state_ == State::chunk_size) {
    ok = read_chunk_size(line);
  } else {
    ok = check_trailer(line);
  }
  buffer.consume(line.size() + 2);
  if (!ok) error = errc::malformed_request;
  return ok;
}

BodyDecoder::Line BodyDecoder::take_line(ReadBuffer& buffer, std::string_view& line) const {
  const std::string_view text = buffer.text();
  const std::size_t end = text.find('\n');
  if (end == text.npos) return text.size() > max_line_bytes ? Line::malformed : Line::incomplete;
  if (end == 0 || text[end - 1] != '\r' || end > max_line_bytes) return Line::malformed;
  line = text.substr(0, end - 1);
  return has_control(line) ? Line::malformed : Line::complete;
}

bool BodyDecoder::read_chunk_size(std::string_view line) {
  const std::size_t digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
  if (digits == 0 || digits > max_size_digits) return false;
  std::from_chars(line.data(), line.data() + digits, remaining_, 16);
  line.remove_prefix(digits);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  state_ = remaining_ == 0 ? State::trailer : State::chunk_bytes;
  return line.empty() || line.front() == ';';
}

bool BodyDecoder::check_trailer(std::string_view line) {
  if (line.empty()) {
    state_ = State::done;
    return true;
  }
  trailer_bytes_ += line.size();
  const std::size_t colon = line.find(':');
  return colon != line.npos && colon != 0 && line.find_first_of(" \t") > colon && trailer_bytes_ <= max_trailer_bytes;
}

}  // namespace countersign::http
